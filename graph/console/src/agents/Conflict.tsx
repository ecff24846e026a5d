import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { words } from '@/words';

/** Another version was published while this definition was written: nothing was published here. */
export function Conflict({ onCompare, onTakeTheirs }: { onCompare: () => void; onTakeTheirs: () => void }) {
  const text = words.value.agents;
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="alert" />
      <div class="notice-words">
        <p class="notice-heading">{text.conflict}</p>
        <p>{text.conflictHelp}</p>
      </div>
      <Button onClick={onCompare}>{text.compare}</Button>
      <Button onClick={onTakeTheirs}>{text.takeTheirs}</Button>
    </div>
  );
}
