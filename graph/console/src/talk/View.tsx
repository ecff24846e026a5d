import { useEffect } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { place } from '@/state/router';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { Actions } from './Actions';
import { call, openSession, reset, sessionId } from './store';
import { Setup } from './Setup';
import { Studio } from './Studio';
import { TalkOptions } from './talk.generated';

/** A conversation with an agent, spoken or written, and beside it what the agent does. */
export function View() {
  const options = useQuery(TalkOptions, {});
  const named = place.value.query.get('session');
  useEffect(() => {
    if (named !== null) void openSession(named);
  }, [named]);
  const [asked, version] = [place.value.query.get('agent'), place.value.query.get('version')];
  useEffect(() => {
    // Another agent, or another version, is to be tried: not in the conversation of before, unless its call goes on.
    if (asked !== null && call.peek() === undefined) reset();
  }, [asked, version]);
  const capabilities = options.data?.capabilities;
  return (
    <Page heading={words.value.talk.heading} actions={<Actions />}>
      {options.error && <ErrorNotice error={options.error} onRetry={options.reload} />}
      {capabilities === undefined && options.isLoading && <Loading />}
      {capabilities !== undefined && (
        <>
          {sessionId.value === undefined && <Setup agents={capabilities.agents} />}
          <Studio maxTextLength={capabilities.limits.maxTextLength} agents={capabilities.agents} />
        </>
      )}
    </Page>
  );
}
