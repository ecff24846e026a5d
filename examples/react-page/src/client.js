// The urql client: queries and mutations over HTTP, subscriptions over a websocket that reconnects and resumes.
import { Client, fetchExchange, subscriptionExchange } from "urql";
import { createClient } from "graphql-ws";

export function connect(url, key) {
  const headers = { authorization: `Bearer ${key}` };
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: headers,
    retryAttempts: Infinity,
    shouldRetry: () => true, // also after a reset connection
  });
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: subscribe(socket, { query, variables: { ...variables } }, sink) }),
        }),
      }),
    ],
  });
}

// graphql-ws sends the same variables object on every new connection. Keeping afterSeq in it up to date makes the next
// connection go on after the last event of this one: each event comes once.
function subscribe(socket, request, sink) {
  return socket.subscribe(request, {
    ...sink,
    next(result) {
      const event = result.data?.sessionEvents;
      if (event) request.variables.afterSeq = event.seq;
      sink.next(result);
    },
  });
}
