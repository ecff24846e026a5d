// Apollo Client over HTTP (multipart subscriptions), tried again by its RetryLink.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";

import { resuming } from "./resume_apollo_link.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

await resume("apollo", (uri, variables, sink) => {
  // recipe: client
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new RetryLink(), resuming, new HttpLink({ uri, headers })]),
  });
  // end
  client.subscribe({ query: gql(EVENTS), variables }).subscribe({
    next: (result) => (result.error ? sink.error(result.error) : sink.next(result)),
    error: sink.error,
    complete: sink.complete,
  });
});
