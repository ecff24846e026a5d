// Starts GraphiQL on the endpoint that served the page.
"use strict";

const endpoint = location.pathname;
const socket = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${endpoint}`;

// A websocket authenticates once, in connection_init: other headers need a new one. It closes without subscriptions.
let client = null;
let clientHeaders = null;

function clientFor(headers) {
  const wanted = JSON.stringify(headers);
  if (client === null || wanted !== clientHeaders) {
    clientHeaders = wanted;
    // No retries: a refused key is reported immediately, and a lost connection is visible instead of a silent replay.
    client = graphqlWs.createClient({ url: socket, connectionParams: headers, lazy: true, retryAttempts: 0 });
  }
  return client;
}

// An introspection query without a valid key shows the hint.
const placeholder = "YOUR_KEY";
const hint = document.getElementById("key-hint");

function keyIn(headers) {
  const name = Object.keys(headers).find((each) => each.toLowerCase() === "authorization");
  const value = name === undefined ? "" : String(headers[name]);
  return value.includes(placeholder) ? "" : value;
}

async function schema(request, options, headers) {
  const message = hint.textContent.replace(/\s+/g, " ").trim();
  const refused = { errors: [{ message, extensions: { code: "UNAUTHENTICATED" } }] };
  // Without a key no request is sent: browsers report each refused one as an error of the page.
  const answer = keyIn(headers) === "" ? refused : await GraphiQL.createFetcher({ url: endpoint })(request, options);
  hint.hidden = !(answer.errors || []).some((each) => each.extensions?.code === "UNAUTHENTICATED");
  return answer;
}

function fetcher(request, options) {
  const headers = (options && options.headers) || {};
  if (request.operationName === "IntrospectionQuery") return schema(request, options, headers);
  return GraphiQL.createFetcher({ url: endpoint, wsClient: clientFor(headers) })(request, options);
}

// GraphiQL loads the schema once; a changed key reloads it, after typing has paused (debounce).
let shownKey = "";
let pause = null;

function onEditHeaders(text) {
  clearTimeout(pause);
  pause = setTimeout(() => {
    let key = "";
    try {
      key = keyIn(JSON.parse(text));
    } catch {
      return; // incomplete JSON
    }
    if (key === shownKey) return;
    shownKey = key;
    document.querySelector('button[aria-label="Re-fetch GraphQL schema"]').click();
  }, 400);
}

async function start() {
  const answer = await fetch("static/first_conversation.graphql");
  if (!answer.ok) throw new Error(`first_conversation.graphql: ${answer.status}`);
  const first = {
    query: await answer.text(),
    variables: JSON.stringify({ sessionId: "the id from OpenSession's response" }, null, 2),
    headers: JSON.stringify({ Authorization: `Bearer ${placeholder}` }, null, 2),
  };
  // The URL's query is filled in, not run.
  const address = new URLSearchParams(location.search);
  const asked = {};
  for (const name of ["query", "variables"]) if (address.has(name)) asked[name] = address.get(name);
  const page = React.createElement(
    GraphiQL,
    {
      fetcher,
      onEditHeaders,
      defaultTabs: [{ ...first, ...asked }],
      ...asked,
      defaultHeaders: first.headers,
      defaultQuery: first.query,
      defaultEditorToolsVisibility: "headers",
      // The headers hold the key: the browser's storage keeps it only if the user enables that in the settings.
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
