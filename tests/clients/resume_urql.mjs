// urql, with graphql-ws or graphql-sse in its subscriptionExchange: both reconnect by themselves.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-sse";

import { subscribeResuming } from "./resume.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

await resume("urql", (url, variables, sink) => {
  const events = createClient({ url, headers, retryAttempts: Infinity });
  // recipe: client
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: subscribeResuming(events, { query, variables }, sink) }),
        }),
      }),
    ],
  });
  // end
  client.subscription(EVENTS, variables).subscribe(({ data, error, hasNext }) => {
    if (error) sink.error(error);
    else if (hasNext) sink.next({ data });
    else sink.complete();
  });
});
