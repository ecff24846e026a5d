import { StatusDot } from '@/ui/StatusDot';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { ProblemList } from './ProblemList';
import type { Problem } from './problems';
import type { Checked } from './useCheck';

/** What the check of a text found; a problem leads to its line. */
export function CheckResult({ checked, onGoTo }: { checked: Checked; onGoTo: (problem: Problem) => void }) {
  const text = words.value.agents;
  const { state, problems, warnings, error } = checked;
  const isWrong = problems.length > 0;
  return (
    <div class="check-result">
      <p role="status">
        {state === 'unchanged' && <StatusDot tone="quiet">{text.unchanged}</StatusDot>}
        {state === 'waiting' && <StatusDot tone="busy">{text.checking}</StatusDot>}
        {state === 'checked' && (
          <StatusDot tone={isWrong ? 'bad' : 'good'}>
            {isWrong ? text.problems(problems.length, formatNumber(problems.length)) : text.noProblems}
          </StatusDot>
        )}
        {state === 'failed' && error && <StatusDot tone="bad">{text.notChecked(error.message, error.code)}</StatusDot>}
      </p>
      {warnings.length > 0 && (
        <ul class="warnings" aria-label={text.warnings}>
          {warnings.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      )}
      {isWrong && <ProblemList problems={problems} label={text.problemList} onGoTo={onGoTo} />}
    </div>
  );
}
