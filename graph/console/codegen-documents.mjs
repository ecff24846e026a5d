// A plugin of graphql-codegen: each operation as a minified string that carries the types of its data and variables.
import { Kind, print, stripIgnoredCharacters, visit } from 'graphql';

/** The fragments that a node spreads, and those that they spread. */
function fragmentsOf(node, all, found = new Set()) {
  visit(node, {
    FragmentSpread({ name }) {
      const fragment = all.get(name.value);
      if (fragment === undefined || found.has(fragment)) return;
      found.add(fragment);
      fragmentsOf(fragment, all, found);
    },
  });
  return found;
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

export function plugin(_schema, documents) {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map();
  for (const each of definitions) if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each);
  const constants = definitions
    .filter((each) => each.kind === Kind.OPERATION_DEFINITION)
    .map((operation) => {
      const text = [operation, ...fragmentsOf(operation, fragments)].map(print).join(' ');
      const name = operation.name.value;
      const data = `${name}${capital(operation.operation)}`;
      return `export const ${name} = ${JSON.stringify(stripIgnoredCharacters(text))} as Document<${data}, ${data}Variables>;`;
    });
  return { prepend: ["import type { Document } from '@/api/document';"], content: constants.join('\n\n') };
}
