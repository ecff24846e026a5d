import type { EditorHelpQuery } from './help.generated';
import { ITEM, type Path } from './cursor';

/** The parts of JSON Schema that the definition's schema has. */
export interface Schema {
  $ref?: string;
  anyOf?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  patternProperties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: readonly string[];
  enum?: readonly string[];
  type?: string;
  description?: string;
  $defs?: Readonly<Record<string, Schema>>;
}

/** The schema of the value at a path; undefined where the schema says nothing. */
export function schemaAt(root: Schema, path: Path): Schema | undefined {
  let found: Schema | undefined = root;
  for (const name of path) {
    found = resolved(root, found);
    if (found === undefined) return undefined;
    const { properties, patternProperties, additionalProperties, items } = found;
    const other = Object.values(patternProperties ?? {})[0] ?? additionalProperties;
    found = name === ITEM ? items : (properties?.[name] ?? (typeof other === 'object' ? other : undefined));
  }
  return resolved(root, found);
}

/** What a reference names; of alternatives the first. */
function resolved(root: Schema, schema: Schema | undefined): Schema | undefined {
  if (schema?.$ref !== undefined) return root.$defs?.[schema.$ref.replace('#/$defs/', '')];
  return schema?.anyOf === undefined ? schema : resolved(root, schema.anyOf[0]);
}

/** The values that can be written at a path. */
export function valuesAt({ agentSchema, capabilities }: EditorHelpQuery, path: Path): readonly string[] {
  const [section, part] = path;
  const { languages, engines, voices } = capabilities;
  const of = (found: readonly string[]) => [...new Set(found)];
  if (section === 'languages') return languages;
  if (section === 'engines' && part !== undefined)
    return of(engines.filter(({ stage }) => stage.toLowerCase() === part).map(({ engine }) => engine));
  if (section === 'voices' && part !== undefined)
    return of(voices.filter(({ language }) => language === null || language === part).map(({ name }) => name));
  const schema = schemaAt(agentSchema as Schema, path);
  return schema?.enum ?? (schema?.type === 'boolean' ? ['true', 'false'] : []);
}
