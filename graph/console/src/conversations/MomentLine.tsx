import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { Moment } from './moments';
import { Words } from './Words';

/** What happened between turns. */
export function MomentLine({ moment }: { moment: Moment }) {
  const { talk, conversations } = words.value;
  if (moment.kind === 'prompt') {
    return (
      <div class="said said-assistant">
        <p class="who">
          {conversations.agentSide}
          <span class="who-more">
            <Time at={moment.at} clock />
          </span>
        </p>
        <Words text={moment.text} />
      </div>
    );
  }
  const { ended, ...others } = talk.moments;
  return (
    <p class="moment">
      <span>{moment.kind === 'ended' ? ended(conversations.endReasons[moment.text] ?? moment.text) : others[moment.kind]}</span>
      <Time at={moment.at} clock />
    </p>
  );
}
