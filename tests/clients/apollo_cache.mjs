// Apollo Client's cache with the policies of docs/how-to/client-caches.md: it merges what different queries read of one object.
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";

import { headers, url } from "./conversation.mjs";

const warnings = [];
for (const kind of ["warn", "error"]) console[kind] = (...words) => warnings.push(words.map(String).join(" "));
// recipe: policies
const typePolicies = Object.fromEntries(
  ["Conversation", "TurnTiming", "TurnError", "Audio", "Viewer", "Capabilities"].map((name) => [name, { merge: true }]),
);
// end
const client = new ApolloClient({ cache: new InMemoryCache({ typePolicies }), link: new HttpLink({ uri: url, headers }) });
const ask = async (text, variables) =>
  (await client.query({ query: gql(text), variables, fetchPolicy: "network-only" })).data;

const made = await client.mutate({
  mutation: gql`mutation { createSession(input: { customerId: "c" }) { session { id } } }`,
});
const s = made.data.createSession.session.id;
await client.mutate({
  mutation: gql`mutation ($s: ID!) {
    sendMessage(input: { sessionId: $s, waitSeconds: 20, content: { text: "hello" } }) { turn { id } } }`,
  variables: { s },
});
const selections = [
  "lastSeq messages { id text audio { mimeType } }",
  "turns { id status timing { totalMs } error { code } }",
  "turns { id timing { queueMs stages { stage } } error { message } }",
  "messages { id audio { durationMs url } } session { id status }",
];
for (const each of selections) await ask(`query ($s: ID!) { conversation(sessionId: $s) { ${each} } }`, { s });
for (const each of ["tenant", "keyName"]) await ask(`{ viewer { ${each} } }`);
for (const each of ["languages", "limits { maxTextLength } personas { name }"]) await ask(`{ capabilities { ${each} } }`);
const whole = `query ($s: ID!) { conversation(sessionId: $s) { ${selections.join(" ")} } }`;
const { data } = await client.query({ query: gql(whole), variables: { s }, fetchPolicy: "cache-only" });
console.log(JSON.stringify({ warnings, messages: data.conversation.messages.length }));
client.stop();
