// Apollo Client with automatic persisted queries: the hash of a document, and once more with its text if it is unknown.
// Queries go by GET, recordings in base64 by POST (a large body), files by multipart: each knows documents by their hash.
import assert from "node:assert/strict";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { headers, url } from "./conversation.mjs";

const asked = [];
async function noted(address, options) {
  const body = options.body instanceof FormData ? options.body.get("operations") : options.body;
  const hasText = /[?&]query=/.test(address) || "query" in JSON.parse(body ?? "{}");
  asked.push([options.method, hasText]);
  return fetch(address, options);
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const isUpload = ({ variables }) => variables.input?.content?.upload instanceof File;
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    ApolloLink.split(
      isUpload,
      new UploadHttpLink({ uri: url, headers, fetch: noted }),
      new HttpLink({ uri: url, headers, fetch: noted }),
    ),
  ]),
});
const query = gql`
  query Who {
    viewer {
      tenant
    }
  }
`;
for (let i = 0; i < 2; i++) {
  const { data } = await client.query({ query, fetchPolicy: "network-only" });
  assert.ok(data.viewer.tenant);
}
assert.deepEqual(asked.splice(0), [["GET", false], ["POST", true], ["GET", false]], "hash; hash with text; hash");

const create = gql`
  mutation Create {
    createSession(input: { customerId: "customer-1" }) {
      session {
        id
      }
    }
  }
`;
const sessionId = (await client.mutate({ mutation: create })).data.createSession.session.id;
asked.length = 0;

const bytes = await readFile(process.argv[4]);
const contents = {
  Spoken: { audio: { base64: bytes.toString("base64"), mimeType: "audio/wav" } },
  Uploaded: { upload: new File([bytes], "voice.wav", { type: "audio/wav" }) },
};
for (const [name, content] of Object.entries(contents)) {
  const mutation = gql(`mutation ${name}($input: SendMessageInput!) {
    sendMessage(input: $input) { turn { id userMessage { id type } } } }`);
  for (let i = 0; i < 2; i++) {
    const { data } = await client.mutate({ mutation, variables: { input: { sessionId, content } } });
    assert.equal(data.sendMessage.turn.userMessage.type, "AUDIO");
  }
  assert.deepEqual(asked.splice(0), [["POST", false], ["POST", true], ["POST", false]], `${name} by its hash`);
}
console.log(JSON.stringify({ client: "apollo-persisted", kinds: 3 }));
client.stop();
