import { pathTo } from '@/state/router';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { StatusDot, type Tone } from '@/ui/StatusDot';
import { type Column, Table } from '@/ui/Table';
import { words } from '@/words';
import type { EvalConversation } from './play';
import type { Result, Run } from './runs';

const TONES: Record<Result['state'], Tone> = {
  waiting: 'quiet',
  playing: 'busy',
  right: 'good',
  wrong: 'bad',
  failed: 'bad',
  stopped: 'quiet',
  skipped: 'quiet',
};

interface Row {
  conversation: EvalConversation;
  index: number;
  results: Result[];
}

/** A row for each conversation, a column for each version. `published`: the number of the published one. */
export function EvalResults({ run, published }: { run: Run; published: number }) {
  const text = words.value.evals;
  const rows = run.conversations.map((conversation, index) => ({
    conversation,
    index,
    results: run.results.map((row) => row[index] ?? { state: 'waiting' as const }),
  }));
  const columns: Column<Row>[] = [
    { heading: text.conversation, cell: ({ conversation }) => <bdi>{conversation.name}</bdi> },
    ...run.versions.map((number, at) => ({
      heading: (number === published ? text.publishedVersion : text.version)(formatNumber(number)),
      cell: ({ conversation, results }: Row) => <Outcome result={results[at] as Result} conversation={conversation} />,
    })),
  ];
  return <Table caption={text.results} columns={columns} rows={rows} keyOf={({ index }) => String(index)} />;
}

function Outcome({ result, conversation }: { result: Result; conversation: EvalConversation }) {
  const text = words.value.evals;
  const { state, sessionId, misses = [], unjudged = [], error } = result;
  return (
    <div class="eval-outcome">
      <span class="eval-state">
        <StatusDot tone={TONES[state]}>{text.states[state]}</StatusDot>
        {sessionId !== undefined && (
          <Link to={pathTo('conversations', sessionId)} aria-label={text.openNamed(conversation.name)}>
            {text.open}
          </Link>
        )}
      </span>
      {error && <p>{`${error.message} (${error.code})`}</p>}
      {misses.length + unjudged.length > 0 && (
        <ul class="eval-misses">
          {[...misses, ...unjudged].map((miss, index) => (
            <li key={index}>
              {miss.line > 0 && (
                <span class="eval-line">
                  {text.line(formatNumber(miss.line))}{' '}
                  <q dir="auto">{conversation.lines[miss.line - 1]?.say ?? conversation.lines[miss.line - 1]?.speak}</q>
                </span>
              )}
              <span dir="auto">{`${'about' in miss ? miss.about : text.unjudged}: ${miss.message}`}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
