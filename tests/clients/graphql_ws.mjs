// graphql-ws: everything over one websocket, but the recording.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { converse, headers, url } from "./conversation.mjs";
import { upload } from "./multipart.mjs";
import { dataOf, onlyDataOf } from "./results.mjs";

const client = createClient({
  url: url.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  connectionParams: headers,
  lazy: false,
});

await converse("graphql-ws", {
  run: (query, variables) => onlyDataOf(client.iterate({ query, variables })),
  follow: (query, variables) => dataOf(client.iterate({ query, variables })),
  upload,
  close: () => client.dispose(),
});
