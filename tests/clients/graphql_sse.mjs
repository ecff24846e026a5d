// graphql-sse, distinct connections: every operation is an event stream, queries and mutations of one event.
import { createClient } from "graphql-sse";

import { converse, headers, url } from "./conversation.mjs";
import { upload } from "./multipart.mjs";
import { dataOf, onlyDataOf } from "./results.mjs";

const client = createClient({ url, headers });

await converse("graphql-sse", {
  run: (query, variables) => onlyDataOf(client.iterate({ query, variables })),
  follow: (query, variables) => dataOf(client.iterate({ query, variables })),
  upload,
  close: () => client.dispose(),
});
