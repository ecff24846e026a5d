// A recording in a GraphQL multipart request, for the clients that send no files themselves.
// Specification: https://github.com/jaydenseric/graphql-multipart-request-spec
import assert from "node:assert/strict";

import { headers, url } from "./conversation.mjs";

export async function upload(query, variables) {
  const { upload: file } = variables.input.content;
  const form = new FormData();
  const input = { ...variables.input, content: { upload: null } };
  form.append("operations", JSON.stringify({ query, variables: { input } }));
  form.append("map", JSON.stringify({ file: ["variables.input.content.upload"] }));
  form.append("file", file);
  const answer = await fetch(url, { method: "POST", headers, body: form });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}
