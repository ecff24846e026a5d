// urql: queries and mutations by POST, files in them by itself, subscriptions as server-sent events.
import assert from "node:assert/strict";

import { Client, fetchExchange } from "@urql/core";

import { converse, headers, url } from "./conversation.mjs";
import { values } from "./values.mjs";

const client = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: { headers },
  fetchSubscriptions: true,
  preferGetMethod: false,
});

async function answered(operation) {
  const { data, error } = await operation.toPromise();
  assert.equal(error, undefined);
  return data;
}

const send = (query, variables) =>
  answered(query.startsWith("query") ? client.query(query, variables) : client.mutation(query, variables));

await converse("urql", {
  run: send,
  upload: send,
  follow: (query, variables) =>
    values((next, fail, done) => {
      const source = client.subscription(query, variables);
      source.subscribe(({ data, error, hasNext }) => {
        if (error) fail(error);
        else if (hasNext) next(data);
        else done(); // with the last data once more
      });
    }),
});
