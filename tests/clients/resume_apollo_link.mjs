// A link for Apollo Client that keeps a subscription's afterSeq up to date, so that what sends it again sends the rest.
// docs/how-to/resume-subscriptions.md shows this file.

// recipe: link
import { ApolloLink } from "@apollo/client";
import { map } from "rxjs";

/** Goes before the link that connects, and after RetryLink. For subscriptions with $afterSeq that select seq. */
export const resuming = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      const [event] = Object.values(result.data ?? {});
      if (event?.seq !== undefined) operation.variables.afterSeq = event.seq;
      return result;
    }),
  ),
);
// end
