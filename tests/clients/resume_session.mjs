// A session followed by a client whose connections are cut: every event must come once, in order.
import assert from "node:assert/strict";
import net from "node:net";

const [address, key] = process.argv.slice(2);

export const headers = { authorization: `Bearer ${key}` };

export const EVENTS = `subscription Events($sessionId: ID!, $afterSeq: Int! = 0) {
  sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { __typename seq } }`;

/** A proxy to the server whose connections can be cut: by a reset, or closed as by a server that goes. */
function cuttable() {
  const { hostname, port } = new URL(address);
  const pairs = new Set();
  const proxy = net.createServer((incoming) => {
    const outgoing = net.connect(port, hostname);
    const pair = [incoming, outgoing];
    pairs.add(pair);
    for (const [one, other] of [pair, [outgoing, incoming]]) {
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => (pairs.delete(pair), other.destroy()));
    }
  });
  const cut = (reset) => {
    for (const [incoming] of pairs) reset ? incoming.resetAndDestroy() : incoming.destroy();
    return pairs.size;
  };
  return new Promise((ready) => proxy.listen(0, "127.0.0.1", () => ready({ port: proxy.address().port, cut })));
}

async function ask(query, variables) {
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(`${address}/graphql`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body,
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}

const SAY = `mutation($s: ID!, $t: String!) { sendMessage(input: {sessionId: $s, waitSeconds: 20, content: {text: $t}}) {
  turn { status } } }`;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Follows a session of several turns with connections cut in the middle of them, and prints what came of it.
 * follow(url, variables, sink): begins, with EVENTS.
 */
export async function resume(name, follow) {
  const made = await ask('mutation { createSession(input: {customerId: "c"}) { session { id } } }');
  const sessionId = made.createSession.session.id;
  const proxy = await cuttable();
  const seen = [];
  let cuts = 0;
  const over = new Promise((complete, fail) =>
    follow(
      `http://127.0.0.1:${proxy.port}/graphql`,
      { sessionId, afterSeq: 0 },
      { next: ({ data }) => seen.push(data.sessionEvents.seq), error: fail, complete },
    ),
  );
  over.catch(() => {}); // it is awaited below
  const reached = async (count) => {
    for (const until = Date.now() + 40_000; seen.length < count && Date.now() < until; ) await pause(20);
    assert.ok(seen.length >= count, `${name} came no further than ${seen.length} of ${count} events`);
  };
  for (const reset of [false, true]) {
    const before = seen.length;
    const saying = ask(SAY, { s: sessionId, t: "I was charged twice." });
    await reached(before + 2);
    cuts += proxy.cut(reset); // in the middle of a turn
    await saying; // it ends while nobody listens
    await ask(SAY, { s: sessionId, t: "Thank you." });
    await reached(before + 10);
  }
  await ask("mutation($s: ID!) { endSession(input: {sessionId: $s}) { session { id } } }", { s: sessionId });
  await Promise.race([over, pause(20_000).then(() => assert.fail(`${name} was not told of the end`))]);
  const { conversation } = await ask("query($s: ID!) { conversation(sessionId: $s) { lastSeq } }", { s: sessionId });
  assert.ok(cuts >= 2, "nothing was cut");
  const expected = Array.from({ length: conversation.lastSeq }, (_, index) => index + 1);
  assert.deepEqual(seen, expected, "an event is missing, or came twice");
  console.log(JSON.stringify({ client: name, missed: 0, twice: 0 }));
  process.exit(0);
}
