import { CallBar } from './CallBar';
import type { Agent } from './choice';
import { Composer } from './Composer';
import { Notices } from './Notices';
import { SidePanel } from './SidePanel';
import { Transcript } from './Transcript';

/** The call, what is said in it, and what happens behind it. */
export function Studio({ maxTextLength, agents }: { maxTextLength: number; agents: readonly Agent[] }) {
  return (
    <div class="studio">
      <div class="stage card">
        <CallBar canStart={agents.length > 0} />
        <Notices />
        <Transcript />
        <Composer maxLength={maxTextLength} canWrite={agents.length > 0} />
      </div>
      <SidePanel />
    </div>
  );
}
