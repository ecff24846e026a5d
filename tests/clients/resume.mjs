// The recipe for clients that reconnect by themselves: graphql-ws and graphql-sse send a subscription again as it was,
// so it is kept up to date here. Each event comes once, whatever happens to the connection.
// docs/how-to/resume-subscriptions.md shows this file.

// recipe: subscribe
/** As client.subscribe of graphql-ws or graphql-sse, for subscriptions with $afterSeq that select seq. */
export function subscribeResuming(client, request, sink) {
  const variables = { ...request.variables };
  return client.subscribe(
    { ...request, variables },
    {
      next(result) {
        const [event] = Object.values(result.data ?? {});
        // The next connection sends these variables, and so begins after the last event of this one.
        if (event) variables.afterSeq = event.seq;
        sink.next(result);
      },
      error: (error) => sink.error(error),
      complete: () => sink.complete(),
    },
  );
}
// end
