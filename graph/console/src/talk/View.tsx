import { useEffect, useMemo } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { navigate, pathTo, place } from '@/state/router';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { Actions } from './Actions';
import { agentsOf, canTalk } from './choice';
import { call, openSession, reset, sessionId } from './store';
import { Setup } from './Setup';
import { Studio } from './Studio';
import { TalkOptions } from './talk.generated';

/** A conversation with an agent, spoken or written, and beside it what the agent does. */
export function View() {
  const { query } = place.value;
  const [named, asked, version] = [query.get('session'), query.get('agent'), query.get('version')];
  const options = useQuery(TalkOptions, { asked: asked ?? '', version: Number(version) || null });
  const open = sessionId.value;
  useEffect(() => {
    if (named !== null) void openSession(named);
    // Come back from another view: the address names what is shown, so that it can be loaded again and be sent.
    else if (open !== undefined && asked === null) navigate(pathTo('talk', undefined, { session: open }), { replace: true });
  }, [named]);
  useEffect(() => {
    // Another agent, or another version, is to be tried: not in the conversation of before, unless its call goes on.
    if (asked !== null && call.peek() === undefined) reset();
  }, [asked, version]);
  const { data } = options;
  const agents = useMemo(() => (data === undefined ? [] : agentsOf(data)), [data]);
  return (
    <Page heading={words.value.talk.heading} actions={<Actions />}>
      {options.error && <ErrorNotice error={options.error} onRetry={options.reload} />}
      {data === undefined && options.isLoading && <Loading />}
      {data !== undefined && (
        <>
          {open === undefined && <Setup agents={agents} isMissing={asked !== null && data.asked === null && !options.isLoading} />}
          <Studio maxTextLength={data.capabilities.limits.maxTextLength} canTalk={agents.some(canTalk)} />
        </>
      )}
    </Page>
  );
}
