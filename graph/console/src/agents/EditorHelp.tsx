import { useQuery } from '@/api/useQuery';
import { words } from '@/words';
import { EditorHelp as Help } from './help.generated';
import type { Cursor } from './cursor';
import { type Schema, schemaAt, valuesAt } from './schema';

export interface EditorHelpProps {
  cursor: Cursor;
  /** Writes a key into the mapping at the cursor, or a value at the cursor. */
  onKey: (key: string) => void;
  onValue: (value: string) => void;
}

/** The keys and values that can be written at the cursor, by the definition's JSON Schema; a click writes one. */
export function EditorHelp({ cursor, onKey, onValue }: EditorHelpProps) {
  const text = words.value.agents;
  const { data } = useQuery(Help, {});
  if (data === undefined) return null;
  const schema = schemaAt(data.agentSchema as Schema, cursor.path);
  const keys = Object.keys(schema?.properties ?? {});
  const values = cursor.value === undefined ? [] : valuesAt(data, cursor.value);
  const about = schema?.description?.replaceAll('``', '').replaceAll('\n', ' ');
  return (
    <section class="pad cursor-help" aria-label={text.help}>
      <p class="cursor-path">
        <code>{[...cursor.path].join(' › ') || text.wholeDefinition}</code>
      </p>
      {values.length > 0 && <Choices label={text.values} names={values} onChoose={onValue} />}
      {keys.length > 0 && <Choices label={text.keys} names={keys} required={schema?.required} onChoose={onKey} />}
      {about && (
        <p class="cursor-about" lang="en">
          {about}
        </p>
      )}
    </section>
  );
}

interface ChoicesProps {
  label: string;
  names: readonly string[];
  required?: readonly string[] | undefined;
  onChoose: (name: string) => void;
}

function Choices({ label, names, required = [], onChoose }: ChoicesProps) {
  return (
    <div class="cursor-choices" role="group" aria-label={label}>
      <span>{label}</span>
      {names.map((name) => (
        <button key={name} type="button" class="section" onClick={() => onChoose(name)}>
          {required.includes(name) ? `${name} *` : name}
        </button>
      ))}
    </div>
  );
}
