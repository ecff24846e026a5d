// The types of each operation: `src/talk/talk.graphql` gets `src/talk/talk.generated.ts` beside it, by the schema.
import { readdirSync, readFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';

const documents = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.graphql'));
// Fragments of several views; an operation's file gets those that it spreads.
const shared = documents.filter((name) => name.endsWith('.fragments.graphql'));
const operations = documents.filter((name) => !shared.includes(name));

const read = (name: string) => readFileSync(`src/${name}`, 'utf8');
const spread = (name: string) =>
  shared.filter((each) => [...read(each).matchAll(/^fragment (\w+)/gm)].some(([, found]) => read(name).includes(`...${found}`)));

const config: CodegenConfig = {
  schema: '../schema.graphql',
  errorsOnly: true,
  generates: Object.fromEntries(
    operations.map((name) => [
      `src/${name.replace(/\.graphql$/, '.generated.ts')}`,
      {
        documents: [name, ...spread(name)].map((each) => `src/${each}`),
        plugins: ['typescript-operations', './codegen-documents.mjs'],
        config: { scalars: { ID: 'string', DateTime: 'string', JSON: 'unknown', Upload: 'File' } },
      },
    ]),
  ),
};
export default config;
