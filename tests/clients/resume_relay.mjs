// Relay's runtime: its network's subscribe function goes over graphql-ws, which reconnects by itself.
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import WebSocket from "ws";

import { subscribeResuming } from "./resume.mjs";
import { EVENTS, headers, resume } from "./resume_session.mjs";

const { Environment, Network, Observable, RecordSource, Store, requestSubscription } = relay;

/** What relay-compiler makes of EVENTS. */
function compiled() {
  const variables = ["sessionId", "afterSeq"];
  const argumentDefinitions = variables.map((name) => ({ defaultValue: null, kind: "LocalArgument", name }));
  const field = (name) => ({ alias: null, args: null, kind: "ScalarField", name, storageKey: null });
  const selections = [
    {
      alias: null,
      args: variables.map((name) => ({ kind: "Variable", name, variableName: name })),
      concreteType: null,
      kind: "LinkedField",
      name: "sessionEvents",
      plural: false,
      selections: [field("__typename"), field("seq")],
      storageKey: null,
    },
  ];
  return {
    kind: "Request",
    fragment: { argumentDefinitions, kind: "Fragment", metadata: null, name: "Events", selections, type: "Subscription" },
    operation: { argumentDefinitions, kind: "Operation", name: "Events", selections },
    params: { cacheID: "events", id: null, metadata: {}, name: "Events", operationKind: "subscription", text: EVENTS },
  };
}

await resume("relay", (url, variables, sink) => {
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    shouldRetry: () => true,
  });
  const query = () => Observable.create((sink) => sink.error(new Error("no queries here")));
  // recipe: network
  const subscribe = ({ name, text }, variables) =>
    Observable.create((sink) =>
      subscribeResuming(socket, { operationName: name, query: text, variables }, sink),
    );
  const network = Network.create(query, subscribe);
  // end
  requestSubscription(new Environment({ network, store: new Store(new RecordSource()) }), {
    subscription: compiled(),
    variables,
    onNext: (data) => sink.next({ data }),
    onError: sink.error,
    onCompleted: sink.complete,
  });
});
