// Starts GraphiQL on the endpoint that served the page.
"use strict";

const endpoint = location.pathname;
const socket = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${endpoint}`;

// A socket says who it is once, when it opens: other headers need another one. It is closed when nobody listens.
let client = null;
let clientHeaders = null;

function clientFor(headers) {
  const wanted = JSON.stringify(headers);
  if (client === null || wanted !== clientHeaders) {
    clientHeaders = wanted;
    // No second try: a refused key is told at once, and a lost connection is seen instead of a silent replay.
    client = graphqlWs.createClient({ url: socket, connectionParams: headers, lazy: true, retryAttempts: 0 });
  }
  return client;
}

function fetcher(request, options) {
  const headers = (options && options.headers) || {};
  return GraphiQL.createFetcher({ url: endpoint, wsClient: clientFor(headers) })(request, options);
}

async function start() {
  const answer = await fetch("static/first_conversation.graphql");
  if (!answer.ok) throw new Error(`first_conversation.graphql: ${answer.status}`);
  const first = {
    query: await answer.text(),
    variables: JSON.stringify({ sessionId: "the id that OpenSession answered with" }, null, 2),
    headers: JSON.stringify({ Authorization: "Bearer YOUR_KEY" }, null, 2),
  };
  // What the address asks is filled in, not run.
  const address = new URLSearchParams(location.search);
  const asked = {};
  for (const name of ["query", "variables"]) if (address.has(name)) asked[name] = address.get(name);
  const page = React.createElement(
    GraphiQL,
    {
      fetcher,
      defaultTabs: [{ ...first, ...asked }],
      ...asked,
      defaultHeaders: first.headers,
      defaultQuery: first.query,
      defaultEditorToolsVisibility: "headers",
      // The headers hold the key: the browser's storage keeps it only if its user asks for that, in the settings.
      shouldPersistHeaders: false,
      showPersistHeadersSettings: true,
    },
    React.createElement(GraphiQL.Logo, null, "VoxLoom"),
  );
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
}

start().catch((error) => {
  document.getElementById("graphiql").textContent = `GraphiQL could not start: ${error.message}`;
});
