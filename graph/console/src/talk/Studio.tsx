import { CallBar } from './CallBar';
import { Composer } from './Composer';
import { Notices } from './Notices';
import { SidePanel } from './SidePanel';
import { Transcript } from './Transcript';

/** The call, what is said in it, and what happens behind it. */
export function Studio({ maxTextLength, canTalk }: { maxTextLength: number; canTalk: boolean }) {
  return (
    <div class="studio">
      <div class="stage card">
        <CallBar canStart={canTalk} />
        <Notices />
        <Transcript />
        <Composer maxLength={maxTextLength} canWrite={canTalk} />
      </div>
      <SidePanel />
    </div>
  );
}
