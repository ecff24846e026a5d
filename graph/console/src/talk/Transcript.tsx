import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { pathTo } from '@/state/router';
import { EmptyState } from '@/ui/EmptyState';
import { Link } from '@/ui/Link';
import { PlainText } from '@/ui/PlainText';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { Entry } from './conversation';
import { played, utterance } from './progress';
import { Spoken } from './Spoken';
import { call, conversation, isCut, sessionId } from './store';
import { TurnEntry } from './TurnEntry';

const NEAR_END_PX = 80;

/** What was said, and what is being said. It stays at its end unless the reader has scrolled up. */
export function Transcript() {
  const text = words.value.talk;
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const { entries } = conversation.value;
  const now = utterance.value;
  // Read here, so that it is drawn and scrolled with each word.
  void played.value;
  useLayoutEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const isEmpty = entries.length === 0 && now === undefined;
  return (
    <div
      class="transcript"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={text.conversation}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
      }}
    >
      {isEmpty && (
        <EmptyState icon="talk" heading={text.empty}>
          {call.value ? text.emptyCall : text.emptyStart}
        </EmptyState>
      )}
      {isCut.value && (
        <p class="moment">
          <Link to={pathTo('conversations', sessionId.value)}>{text.earlierTurns}</Link>
        </p>
      )}
      <ol class="thread">
        {entries.map((entry) => (
          <EntryOf key={entry.key} entry={entry} />
        ))}
        {now && (
          <li class="said said-caller said-now">
            <p class="who">{text.you}</p>
            <PlainText text={now.text} />
          </li>
        )}
      </ol>
      <Announcer />
    </div>
  );
}

function EntryOf({ entry }: { entry: Entry }) {
  const text = words.value.talk;
  if (entry.kind === 'turn') return <TurnEntry turn={entry.turn} entryKey={entry.key} />;
  if (entry.kind === 'prompt') {
    return (
      <li class="said said-assistant">
        <p class="who">{text.assistant}</p>
        <Spoken text={entry.text} />
      </li>
    );
  }
  const { ended, ...others } = text.moments;
  const reason = text.endReasons[entry.reason ?? ''] ?? entry.reason ?? '';
  return (
    <li class="moment">
      <span>{entry.moment === 'ended' ? ended(reason) : others[entry.moment]}</span>
      <Time at={entry.at} clock />
    </li>
  );
}

/** Tells a screen reader of whole messages alone, not of each word. */
function Announcer() {
  const { talk: text, errors } = words.value;
  const [said, setSaid] = useState('');
  const last = conversation.value.entries.findLast((entry) => entry.kind !== 'call');
  let message = '';
  if (last?.kind === 'prompt') message = `${text.assistant}: ${last.text}`;
  if (last?.kind === 'turn') {
    const { turn } = last;
    message = turn.endedAt === undefined ? `${text.you}: ${turn.said ?? ''}` : `${text.assistant}: ${turn.reply}`;
    const code = turn.ended?.error?.code;
    if (code !== undefined) message = errors.headings[code] ?? errors.heading;
  }
  useEffect(() => {
    const timer = setTimeout(() => setSaid(message.slice(0, 1_000)), 400);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <p class="visually-hidden" role="log" aria-live="polite" aria-atomic="true">
      {said}
    </p>
  );
}
