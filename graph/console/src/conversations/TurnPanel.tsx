import { useEffect } from 'preact/hooks';
import { ApiError } from '@/api/errors';
import { RecordCard } from '@/talk/RecordCard';
import { Duration } from '@/ui/Duration';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Json } from '@/ui/Json';
import { Loading } from '@/ui/Loading';
import { PlainText } from '@/ui/PlainText';
import { Time } from '@/ui/Time';
import { Waterfall } from '@/ui/Waterfall';
import { words } from '@/words';
import { fieldName } from '@/words/named';
import type { DetailFragment } from './conversation.generated';
import type { DetailStore } from './details';
import { ModelCallItem } from './ModelCallItem';
import { marksOf, spansOf } from './spans';
import type { ConversationStore, Line } from './store';

/** What was done in the chosen turn: stages, model calls, tool calls, records, citations. */
export function TurnPanel({ store, details, chosen }: { store: ConversationStore; details: DetailStore; chosen: number | undefined }) {
  const text = words.value.conversations;
  const turn = chosen === undefined ? undefined : store.turns.value.get(chosen);
  const revision = store.revisions.value.get(turn?.id ?? '') ?? 0;
  useEffect(() => {
    if (turn) details.load(turn.id, revision);
    else if (chosen !== undefined) store.need(chosen);
  }, [turn?.id, revision, chosen]);
  if (chosen === undefined) {
    return (
      <EmptyState icon="overview" heading={text.chooseTurn}>
        {text.chooseTurnHelp}
      </EmptyState>
    );
  }
  const { detail, error } = details.all.value.get(turn?.id ?? '') ?? {};
  return (
    <div class="work panel" tabIndex={0} role="region" aria-label={text.openTurn(formatNumber(chosen))}>
      {error && turn && <ErrorNotice error={error} onRetry={() => details.load(turn.id, revision, { again: true })} />}
      {detail === undefined && error === undefined && <Loading />}
      {turn && detail && <Done turn={turn} detail={detail} />}
    </div>
  );
}

function Done({ turn, detail }: { turn: Line; detail: DetailFragment }) {
  const { talk, conversations: text } = words.value;
  const citations = detail.reply?.citations ?? [];
  return (
    <>
      <header class="panel-head">
        <h2>{text.openTurn(formatNumber(turn.number))}</h2>
        <Time at={detail.queuedAt} />
      </header>
      {turn.error && <ErrorNotice isPast error={new ApiError(turn.error.code, turn.error.message)} />}
      <Waterfall label={talk.waterfall} spans={spansOf(detail)} marks={marksOf(detail)} />
      <Times detail={detail} />
      {detail.modelCalls.length > 0 && (
        <section class="panel-part">
          <h3>{text.modelCalls}</h3>
          {detail.modelCalls.map((call) => (
            <ModelCallItem key={call.id} call={call} />
          ))}
        </section>
      )}
      {detail.toolCalls.length > 0 && (
        <section class="panel-part">
          <h3>{text.toolCalls}</h3>
          {detail.toolCalls.map((tool) => (
            <ToolCallItem key={tool.id} tool={tool} />
          ))}
        </section>
      )}
      {citations.length > 0 && (
        <section class="panel-part">
          <h3>{text.citations}</h3>
          {citations.map((citation, index) => (
            <blockquote key={index} class="citation">
              <p class="citation-source">
                <bdi>{citation.source}</bdi> {citation.heading && <bdi>{citation.heading}</bdi>}
              </p>
              <PlainText text={citation.passage} foldAt={280} />
            </blockquote>
          ))}
        </section>
      )}
    </>
  );
}

function Times({ detail: { timing, live, attempt } }: { detail: DetailFragment }) {
  const { talk, conversations: text } = words.value;
  const times: [string, number | null | undefined][] = [
    [talk.total, timing.totalMs],
    [text.unattributed, timing.unattributedMs],
    [talk.endDecided, live?.endDecidedMs],
    [talk.firstSent, live?.firstAudioSentMs],
  ];
  return (
    <dl class="marks">
      {times
        .filter(([, ms]) => typeof ms === 'number')
        .map(([label, ms]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Duration ms={ms} />
            </dd>
          </div>
        ))}
      {attempt > 1 && (
        <div>
          <dt>{text.attempt}</dt>
          <dd>{formatNumber(attempt)}</dd>
        </div>
      )}
    </dl>
  );
}

function ToolCallItem({ tool }: { tool: DetailFragment['toolCalls'][number] }) {
  const { talk, conversations: text } = words.value;
  const record = tool.crmRecord;
  return (
    <div class="call-item" data-failed={tool.status === 'FAILED' || undefined}>
      <details class="tool-details">
        <summary>
          <code>{tool.name}</code>
          <span class="tool-state">{talk.toolStates[tool.status]}</span>
          <Duration ms={tool.durationMs} />
        </summary>
        <Json label={talk.arguments} value={tool.arguments} />
        {tool.result !== null && <Json label={talk.result} value={tool.result} />}
      </details>
      {tool.error && <PlainText text={tool.error} foldAt={400} />}
      {record && <RecordCard record={record} />}
      {record && record.changes.length > 0 && (
        <details class="tool-details">
          <summary>{text.changes(formatNumber(record.changes.length))}</summary>
          {record.changes.map((change) => (
            <div key={change.id} class="change">
              <Time at={change.createdAt} />
              <Changed before={change.before} after={change.after} />
            </div>
          ))}
        </details>
      )}
    </div>
  );
}

/** The fields that a change set, with the values before. */
function Changed({ before, after }: { before: unknown; after: unknown }) {
  const old = (before ?? {}) as Record<string, unknown>;
  return (
    <dl class="changed">
      {Object.entries((after ?? {}) as Record<string, unknown>).map(([name, value]) => (
        <div key={name}>
          <dt title={name}>{fieldName(name)}</dt>
          <dd>
            <del dir="auto">{shown(old[name])}</del> <ins dir="auto">{shown(value)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const shown = (value: unknown): string => {
  if (value === null || value === undefined) return '–';
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 400);
};
