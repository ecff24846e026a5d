import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { navigate, pathTo, place } from '@/state/router';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { StatusDot } from '@/ui/StatusDot';
import { Tabs } from '@/ui/Tabs';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import { Actions, Back } from './Actions';
import { layOut } from './clips';
import { DetailStore } from './details';
import { FactsPanel } from './FactsPanel';
import { LogPanel } from './LogPanel';
import { Player } from './player';
import { TONES } from './SessionRow';
import { ConversationStore, type Head } from './store';
import { Thread } from './Thread';
import { Timeline } from './Timeline';
import { TurnPanel } from './TurnPanel';

/** One conversation: what was said, heard again, and how each turn was done. */
export function ConversationView({ id }: { id: string }) {
  const text = words.value.conversations;
  const [store] = useState(() => new ConversationStore(id));
  useEffect(() => {
    void store.open();
    return () => store.close();
  }, [store]);
  const error = store.error.value;
  const head = store.head.value;
  if (head === undefined) {
    return (
      <Page heading={text.one} actions={<Back />}>
        {error === undefined && <Loading />}
        {error?.code === 'NOT_FOUND' && (
          <EmptyState icon="search" heading={text.missing}>
            {text.missingHelp}
          </EmptyState>
        )}
        {error !== undefined && error.code !== 'NOT_FOUND' && <ErrorNotice error={error} onRetry={() => void store.open()} />}
      </Page>
    );
  }
  return <Opened store={store} head={head} />;
}

const TABS = ['turn', 'events', 'facts'] as const;

function Opened({ store, head }: { store: ConversationStore; head: Head }) {
  const text = words.value.conversations;
  const [details] = useState(() => new DetailStore());
  const [player] = useState(() => new Player());
  const [tab, setTab] = useState<(typeof TABS)[number]>('turn');
  const panel = useRef<HTMLElement>(null);
  useEffect(
    () => () => {
      details.close();
      player.close();
    },
    [],
  );
  const turns = store.turns.value;
  const layout = useMemo(() => layOut([...turns.values()].sort((a, b) => a.number - b.number), head.calls), [turns, head.calls]);
  useEffect(() => {
    player.arrange(layout);
  }, [layout]);
  const named = Number(place.value.query.get('turn'));
  const chosen = Number.isInteger(named) && named > 0 && named <= store.total.value ? named : undefined;
  const choose = (turn: number) => {
    setTab('turn');
    navigate(pathTo('conversations', store.id, { turn: String(turn) }), { replace: true });
    // Where the panel stands below the thread, what was chosen comes in sight.
    if (innerWidth < 1100) panel.current?.scrollIntoView({ block: 'start' });
  };
  return (
    <Page heading={text.one} actions={<Actions head={head} total={store.total.value} last={turns.get(store.total.value)} />}>
      <p class="conversation-head">
        <StatusDot tone={TONES[head.outcome]} isLive={head.outcome === 'IN_PROGRESS'}>
          {text.outcomes[head.outcome]}
        </StatusDot>
        <bdi>{head.customerId}</bdi>
        <span>{head.persona}</span>
        <span>{text.channels[head.channel]}</span>
        <Time at={head.createdAt} />
        <Following store={store} isOpen={head.status === 'OPEN'} />
      </p>
      {store.pageError.value && <ErrorNotice error={store.pageError.value} onRetry={() => store.retryPage()} />}
      <Timeline layout={layout} player={player} />
      <div class="conversation">
        <section class="thread-card card" aria-label={text.thread}>
          <Thread store={store} details={details} layout={layout} player={player} chosen={chosen} onChoose={choose} />
        </section>
        <aside class="side card" aria-label={text.panels} ref={panel}>
          <Tabs
            label={text.panels}
            tabs={TABS.map((name) => ({ name, label: text.tabs[name] }))}
            chosen={tab}
            onChoose={setTab}
          >
            {tab === 'turn' && <TurnPanel store={store} details={details} chosen={chosen} />}
            {tab === 'events' && <LogPanel store={store} />}
            {tab === 'facts' && <FactsPanel head={head} />}
          </Tabs>
        </aside>
      </div>
    </Page>
  );
}

/** Whether an open conversation is followed. */
function Following({ store, isOpen }: { store: ConversationStore; isOpen: boolean }) {
  const text = words.value.conversations;
  if (!isOpen) return null;
  const state = store.following.value;
  const tone = { connecting: 'quiet', live: 'good', waiting: 'busy', ended: 'quiet', failed: 'bad' } as const;
  return (
    <StatusDot tone={tone[state]} isLive={state === 'live'}>
      {text.liveStates[state]}
    </StatusDot>
  );
}
