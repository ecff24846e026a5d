// The types of each operation: `src/talk/talk.graphql` gets `src/talk/talk.generated.ts` beside it, by the schema.
import { readdirSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';

const operations = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.graphql'));

const config: CodegenConfig = {
  schema: '../schema.graphql',
  errorsOnly: true,
  generates: Object.fromEntries(
    operations.map((name) => [
      `src/${name.replace(/\.graphql$/, '.generated.ts')}`,
      {
        documents: [`src/${name}`],
        plugins: ['typescript-operations', './codegen-documents.mjs'],
        config: { scalars: { ID: 'string', DateTime: 'string', JSON: 'unknown', Upload: 'File' } },
      },
    ]),
  ),
};
export default config;
