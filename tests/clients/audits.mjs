// All audits of graphql-http against the server, with a key; prints how many there are and which failed.
import { auditServer } from "graphql-http";

import { headers, url } from "./conversation.mjs";

const withKey = (address, options = {}) => fetch(address, { ...options, headers: { ...headers, ...options.headers } });

const results = await auditServer({ url, fetchFn: withKey });
const failed = results.filter(({ status }) => status !== "ok").map(({ name, status, reason }) => ({ name, status, reason }));
const counts = {};
for (const { name } of results) {
  const level = name.split(" ")[0];
  counts[level] = (counts[level] ?? 0) + 1;
}
console.log(JSON.stringify({ client: "graphql-http", audits: results.length, counts, failed }));
