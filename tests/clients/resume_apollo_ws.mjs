// Apollo Client over websockets: graphql-ws reconnects, with its own retries.
import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { resuming } from "./resume_apollo_link.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

await resume("apollo-ws", (url, variables, sink) => {
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    shouldRetry: () => true,
  });
  // recipe: client
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([resuming, new GraphQLWsLink(socket)]),
  });
  // end
  client.subscribe({ query: gql(EVENTS), variables }).subscribe({
    next: (result) => (result.error ? sink.error(result.error) : sink.next(result)),
    error: sink.error,
    complete: sink.complete,
  });
});
