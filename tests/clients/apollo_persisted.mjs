// Apollo Client with automatic persisted queries: a query by GET with its hash, and once more with its text if unknown.
import assert from "node:assert/strict";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";

import { headers, url } from "./conversation.mjs";

const asked = [];
async function noted(address, options) {
  const hasText = /[?&]query=/.test(address) || "query" in JSON.parse(options.body ?? "{}");
  asked.push([options.method, hasText]);
  return fetch(address, options);
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    new HttpLink({ uri: url, headers, fetch: noted }),
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
assert.deepEqual(asked, [["GET", false], ["POST", true], ["GET", false]], "hash; hash with text; hash");
console.log(JSON.stringify({ client: "apollo-persisted", asked: asked.length }));
client.stop();
