import { stringify } from 'yaml';

/**
 * A definition as YAML, or as it is if it is a text already. Written so that YAML 1.1 and 1.2 read the same strings:
 * what 1.1 takes for a boolean or a time (`no`, `12:30`) is quoted.
 */
export function asText(definition: unknown): string {
  if (typeof definition === 'string') return definition;
  return stringify(definition, { version: '1.1', lineWidth: 100, indentSeq: false, aliasDuplicateObjects: false });
}

/** The agent's name in a text that may not be valid YAML yet. */
export function nameIn(text: string): string | undefined {
  return /^name:[ \t]*["']?([a-z][a-z0-9_]*)["']?[ \t]*(?:#.*)?$/m.exec(text)?.[1];
}

/** The top-level keys with their lines (from 1). */
export function sectionsOf(text: string): { key: string; line: number }[] {
  return text.split('\n').flatMap((content, index) => {
    const key = /^([a-z_]+):(?:\s|$)/.exec(content)?.[1];
    return key === undefined ? [] : [{ key, line: index + 1 }];
  });
}
