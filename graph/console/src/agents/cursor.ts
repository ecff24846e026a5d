/** A place in a definition: names of keys, and ITEM for an item of a list. */
export type Path = readonly string[];
export const ITEM = '[]';

/** What the cursor is at, in a text in block style. */
export interface Cursor {
  /** The mapping in which keys can be written here. */
  path: Path;
  /** Spaces before such a key. */
  indent: number;
  /** The key whose value the cursor is in. */
  value: Path | undefined;
}

interface Token {
  column: number;
  /** The key's name, or ITEM. */
  name: string;
}

/** Dashes and the key at the beginning of a line. */
function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  let column = /^ */.exec(line)?.[0].length ?? 0;
  for (let dash = /^- +|^-$/.exec(line.slice(column)); dash; dash = /^- +|^-$/.exec(line.slice(column))) {
    tokens.push({ column, name: ITEM });
    column += dash[0].length;
  }
  const name = /^["']?([\w-]+)["']?:(?: |$)/.exec(line.slice(column))?.[1];
  return name === undefined ? tokens : [...tokens, { column, name }];
}

/** The ways to what stands at a column below these lines, outermost first. `isItem`: a list's item stands there. */
function ancestors(lines: readonly string[], column: number, isItem: boolean): string[] {
  const path: string[] = [];
  for (let row = lines.length - 1; row >= 0 && (column > 0 || isItem); row--) {
    for (const token of tokensOf(lines[row] ?? '').reverse()) {
      // An item may stand at the column of the key that it belongs to.
      const isAround = token.column < column || (isItem && token.name !== ITEM && token.column === column);
      if (!isAround) continue;
      path.unshift(token.name);
      [column, isItem] = [token.column, token.name === ITEM];
    }
  }
  return path;
}

/** `row`, `column` of the cursor, from 0. */
export function cursorAt(lines: readonly string[], row: number, column: number): Cursor {
  const line = lines[row] ?? '';
  const tokens = tokensOf(line);
  const last = tokens.at(-1);
  const above = lines.slice(0, row);
  if (last === undefined) {
    const indent = line.trim() === '' ? column : line.length - line.trimStart().length;
    const path = ancestors(above, indent, false);
    return { path, indent, value: path };
  }
  const [first] = tokens as [Token, ...Token[]];
  const around = [...ancestors(above, first.column, first.name === ITEM), ...tokens.slice(0, -1).map(({ name }) => name)];
  const whole = [...around, last.name];
  if (last.name === ITEM) return { path: whole, indent: last.column + 2, value: whole };
  const colon = line.indexOf(':', last.column);
  if (column <= colon) return { path: around, indent: last.column, value: undefined };
  if (line.slice(colon + 1).trim() === '') return { path: whole, indent: last.column + 2, value: whole };
  return { path: around, indent: last.column, value: whole };
}
