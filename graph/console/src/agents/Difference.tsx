import { structuredPatch } from 'diff';
import { useMemo } from 'preact/hooks';
import { words } from '@/words';

/** Work on two texts that have little in common ends after this; then the difference is not shown. */
const TIMEOUT_MS = 1_500;

/** Lines that were removed and added, with three lines around them. */
export function Difference({ before, after }: { before: string; after: string }) {
  const text = words.value.agents;
  const patch = useMemo(
    () => structuredPatch('', '', before, after, '', '', { context: 3, timeout: TIMEOUT_MS }),
    [before, after],
  );
  if (patch === undefined) return <p class="pad">{text.tooDifferent}</p>;
  if (patch.hunks.length === 0) return <p class="pad">{text.noDifference}</p>;
  return (
    <div class="table-scroll diff-scroll" tabIndex={0} role="region" aria-label={text.difference}>
      <table class="diff">
        <caption class="visually-hidden">{text.difference}</caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">{text.lineBefore}</th>
            <th scope="col">{text.lineAfter}</th>
            <th scope="col">{text.change}</th>
            <th scope="col">{text.line}</th>
          </tr>
        </thead>
        {patch.hunks.map((hunk) => (
          <tbody key={`${hunk.oldStart} ${hunk.newStart}`}>
            {linesOf(hunk).map((line) => (
              <tr key={`${line.old} ${line.new}`} class={line.sign === ' ' ? undefined : line.sign === '+' ? 'added' : 'removed'}>
                <td class="number">{line.old}</td>
                <td class="number">{line.new}</td>
                <td class="sign">
                  <span aria-hidden="true">{line.sign}</span>
                  <span class="visually-hidden">
                    {line.sign === '+' ? text.added : line.sign === '-' ? text.removed : ''}
                  </span>
                </td>
                <td class="code" dir="auto">
                  {line.text}
                </td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

interface DiffLine {
  /** Numbers in the two texts, from 1; empty where the line is not in one. */
  old: number | '';
  new: number | '';
  sign: string;
  text: string;
}

function linesOf({ oldStart, newStart, lines }: { oldStart: number; newStart: number; lines: string[] }): DiffLine[] {
  let [before, after] = [oldStart, newStart];
  return lines
    .filter((line) => !line.startsWith('\\')) // "No newline at end of file"
    .map((line) => ({
      old: line.startsWith('+') ? '' : before++,
      new: line.startsWith('-') ? '' : after++,
      sign: line.charAt(0),
      text: line.slice(1),
    }));
}
