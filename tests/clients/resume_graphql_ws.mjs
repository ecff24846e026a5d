// graphql-ws with its own retries.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { subscribeResuming } from "./resume.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

await resume("graphql-ws", (url, variables, sink) => {
  // recipe: client
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket, // in a browser: left out
    connectionParams: headers,
    retryAttempts: Infinity,
    shouldRetry: () => true, // by default a connection that was reset ends the subscription
  });
  // end
  subscribeResuming(client, { query: EVENTS, variables }, sink);
});
