import { Duration } from '@/ui/Duration';
import { Json } from '@/ui/Json';
import { words } from '@/words';
import type { CrmRecord, ToolCall } from './conversation';
import { RecordCard } from './RecordCard';

/** The tool calls of a turn with their arguments and results, and the records that it changed. */
export function ToolDetails({ tools, updates }: { tools: readonly ToolCall[]; updates: readonly CrmRecord[] }) {
  const text = words.value.talk;
  if (tools.length + updates.length === 0) return null;
  return (
    <section class="tools" aria-label={text.tools}>
      {tools.map((tool) => (
        <details key={tool.id} class="tool-details">
          <summary>
            <code>{tool.name}</code>
            <span class="tool-state">{text.toolStates[tool.status]}</span>
            <Duration ms={tool.durationMs} />
          </summary>
          <Json label={text.arguments} value={tool.arguments} />
          {tool.result !== null && <Json label={text.result} value={tool.result} />}
        </details>
      ))}
      {updates.map((record) => (
        <RecordCard key={record.id} record={record} isUpdate />
      ))}
    </section>
  );
}
