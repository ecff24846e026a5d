// graphql-sse with its own retries.
import { createClient } from "graphql-sse";

import { subscribeResuming } from "./resume.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

await resume("graphql-sse", (url, variables, sink) => {
  // recipe: client
  const client = createClient({ url, headers, retryAttempts: Infinity });
  // end
  subscribeResuming(client, { query: EVENTS, variables }, sink);
});
