import { Duration } from '@/ui/Duration';
import { Icon } from '@/ui/Icon';
import { words } from '@/words';
import type { ToolCall } from './conversation';
import { RecordCard } from './RecordCard';

const TONES = { PENDING: 'busy', ACCEPTED: 'good', FAILED: 'bad' } as const;

/** A tool call between what was said, with the record that it filed. */
export function ToolChip({ tool }: { tool: ToolCall }) {
  const text = words.value.talk;
  return (
    <li class="tool" data-tone={TONES[tool.status]}>
      <p class="tool-head">
        <Icon name="tool" />
        <code>{tool.name}</code>
        <span class="tool-state">{text.toolStates[tool.status]}</span>
        {tool.durationMs !== null && <Duration ms={tool.durationMs} />}
      </p>
      {tool.error && (
        <p dir="auto" class="tool-error plain-text">
          {tool.error}
        </p>
      )}
      {tool.crmRecord && <RecordCard record={tool.crmRecord} />}
    </li>
  );
}
