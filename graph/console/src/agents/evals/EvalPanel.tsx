import { useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { type ApiError, asApiError } from '@/api/errors';
import { keep, kept } from '@/state/preferences';
import { session } from '@/state/session';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { type Problem, problemsIn } from '../problems';
import { ProblemList } from '../ProblemList';
import { EvalConversations } from './evals.generated';
import { EvalResults } from './EvalResults';
import { runOf, startRun, stopRun } from './runs';

export interface EvalPanelProps {
  name: string;
  /** The number of the published version, 0 for none. */
  published: number;
  /** The number of the version with the text that is being edited, which is stored as a draft if it is none; undefined
      if it could not be stored, and why is told elsewhere. */
  versionOfText: () => Promise<number | undefined>;
  /** Why evals cannot be run now. */
  hindrance: string | undefined;
}

/** Written conversations that are played with the agent and judged: an eval file, and what came of it. */
export function EvalPanel({ name, published, versionOfText, hindrance }: EvalPanelProps) {
  const text = words.value.evals;
  const place = `evals.${session.peek()?.tenant ?? ''}/${name}`;
  const [file, setFile] = useState(() => kept(place) ?? text.template(name));
  const [isCompared, setCompared] = useState(false);
  const [isReading, setReading] = useState(false);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [error, setError] = useState<ApiError>();
  const area = useRef<HTMLTextAreaElement>(null);
  const run = runOf(name).value;

  function write(typed: string) {
    setFile(typed);
    setProblems([]);
    keep(place, typed);
  }

  async function start() {
    setReading(true);
    setProblems([]);
    setError(undefined);
    try {
      const { evalConversations } = await request(EvalConversations, { text: file });
      const version = await versionOfText();
      if (version === undefined) return;
      const versions = isCompared && published > 0 && published !== version ? [version, published] : [version];
      void startRun(name, versions, evalConversations);
    } catch (thrown) {
      const refused = asApiError(thrown);
      const told = problemsIn(refused);
      if (told === undefined) setError(refused);
      else setProblems(told);
    } finally {
      setReading(false);
    }
  }

  function goTo({ line = 1 }: Problem) {
    const lines = file.split('\n');
    const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    area.current?.focus();
    area.current?.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  }

  const results = run?.results.flat() ?? [];
  const ended = results.filter(({ state }) => state !== 'waiting' && state !== 'playing').length;
  const right = results.filter(({ state }) => state === 'right').length;
  const isSpoken = run?.conversations.some(({ lines }) => lines.some(({ speak }) => speak !== null));
  return (
    <div class="evals">
      <p>{text.intro}</p>
      <label class="evals-file">
        <span>{text.file}</span>
        <textarea
          ref={area}
          class="control"
          rows={14}
          spellcheck={false}
          value={file}
          onInput={(event) => write(event.currentTarget.value)}
        />
      </label>
      {problems.length > 0 && <ProblemList problems={problems} label={text.problems} onGoTo={goTo} />}
      {error && <ErrorNotice error={error} />}
      {hindrance && <p class="notice notice-line">{hindrance}</p>}
      <div class="evals-bar">
        {run?.isRunning ? (
          <Button icon="close" onClick={() => stopRun(name)}>
            {text.stop}
          </Button>
        ) : (
          <Button isBusy={isReading} disabled={hindrance !== undefined} onClick={() => void start()}>
            {text.run}
          </Button>
        )}
        {published > 0 && (
          <label class="check">
            <input type="checkbox" checked={isCompared} onChange={(event) => setCompared(event.currentTarget.checked)} />
            {text.compare}
          </label>
        )}
        <label class="button evals-open">
          {text.openFile}
          <input
            type="file"
            class="visually-hidden"
            accept=".yaml,.yml"
            onChange={(event) => {
              const input = event.currentTarget;
              void input.files?.[0]?.text().then(write);
              input.value = '';
            }}
          />
        </label>
      </div>
      <p role="status">
        {run &&
          (run.isRunning
            ? text.progress(formatNumber(ended), formatNumber(results.length))
            : text.done(formatNumber(right), formatNumber(results.length)))}
      </p>
      {run?.isRunning && <progress max={results.length} value={ended} aria-label={text.run} />}
      {isSpoken && <p class="notice notice-line">{text.spokenAsText}</p>}
      {run && <EvalResults run={run} published={published} />}
    </div>
  );
}
