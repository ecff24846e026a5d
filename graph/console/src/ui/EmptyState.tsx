import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

/** A list that has nothing yet: says what would be here and what to do for it. */
export function EmptyState({ icon, heading, children }: { icon: IconName; heading: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name={icon} />
      </span>
      <p class="empty-heading">{heading}</p>
      {children && <div class="empty-words">{children}</div>}
    </div>
  );
}
