import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import type { Problem } from './problems';

export interface ProblemListProps {
  problems: readonly Problem[];
  label: string;
  onGoTo: (problem: Problem) => void;
}

/** What is wrong in a text; each leads to its line. */
export function ProblemList({ problems, label, onGoTo }: ProblemListProps) {
  const text = words.value.agents;
  return (
    <ol class="problems" aria-label={label}>
      {problems.map((each, index) => (
        <li key={`${index} ${each.message}`}>
          <button type="button" class="problem" onClick={() => onGoTo(each)}>
            {each.line !== undefined && <span class="figures">{text.atLine(formatNumber(each.line))}</span>}
            {each.path && <code>{each.path}</code>}
            <span>{each.message}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
