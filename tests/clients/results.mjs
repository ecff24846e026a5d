// The data of results that must hold no errors.
import assert from "node:assert/strict";

export async function* dataOf(results) {
  for await (const { data, errors } of results) {
    assert.equal(errors, undefined);
    yield data;
  }
}

export async function onlyDataOf(results) {
  const all = [];
  for await (const data of dataOf(results)) all.push(data);
  assert.equal(all.length, 1);
  return all[0];
}
