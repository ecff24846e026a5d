// One conversation, held alike by every client: words, a recording, every event, the whole of it read again, the end.
//
// A client is { run(query, variables), upload(query, variables), follow(query, variables) }: the first two resolve to
// the data, the third is an async iterable of data that ends when the server completes it. What runs holds no errors.
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";

const [address, key, recording] = process.argv.slice(2);

export const url = `${address}/graphql`;
export const headers = { authorization: `Bearer ${key}` };

const CREATE = `mutation Create($input: CreateSessionInput!) {
  createSession(input: $input) { session { id status } } }`;
const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { turn { id number userMessage { type } } } }`;
const END = `mutation End($input: EndSessionInput!) { endSession(input: $input) { session { id status } } }`;
const EVENTS = `subscription Events($sessionId: ID!) {
  sessionEvents(sessionId: $sessionId, afterSeq: 0) { __typename seq turnId } }`;
const READ = `query Read($sessionId: ID!) { conversation(sessionId: $sessionId) {
  lastSeq session { id status }
  turns { id number status }
  messages { id role type text complete audio { url durationMs } } } }`;

/** Every event so far, and a wait for the one that is looked for. */
class Events {
  seen = [];
  #waiting = [];

  async follow(events) {
    for await (const { sessionEvents: event } of events) {
      assert.equal(event.seq, this.seen.length + 1, "an event is missing, or came twice");
      this.seen.push(event);
      this.#waiting = this.#waiting.filter(({ wanted, found }) => !(wanted(event) && (found(event), true)));
    }
    return this.seen;
  }

  async completed(turnId) {
    const wanted = (event) => event.turnId === turnId && /^Turn(Completed|Failed|Cancelled)$/.test(event.__typename);
    const event = this.seen.find(wanted) ?? (await new Promise((found) => this.#waiting.push({ wanted, found })));
    assert.equal(event.__typename, "TurnCompleted");
  }
}

/** Holds it, and prints what it came to. Any fault ends the process with a status other than 0. */
export async function converse(name, client) {
  const { createSession } = await client.run(CREATE, { input: { customerId: "customer-1" } });
  const sessionId = createSession.session.id;
  const events = new Events();
  const following = events.follow(client.follow(EVENTS, { sessionId }));
  following.catch((error) => {
    console.error(error);
    process.exit(1);
  });

  const said = await client.run(SEND, { input: { sessionId, content: { text: "I was charged twice." } } });
  await events.completed(said.sendMessage.turn.id);

  const bytes = await openAsBlob(recording, { type: "audio/wav" });
  const upload = new File([bytes], "voice.wav", { type: "audio/wav" });
  const spoken = await client.upload(SEND, { input: { sessionId, content: { upload } } });
  assert.equal(spoken.sendMessage.turn.userMessage.type, "AUDIO");
  await events.completed(spoken.sendMessage.turn.id);

  const { conversation } = await client.run(READ, { sessionId });
  assert.equal(conversation.session.status, "OPEN");
  assert.equal(conversation.lastSeq, events.seen.length);
  assert.deepEqual(
    conversation.turns.map((turn) => [turn.number, turn.status]),
    [[1, "COMPLETED"], [2, "COMPLETED"]],
  );
  const [words, reply, voice, answer] = conversation.messages;
  assert.deepEqual([words.role, words.type, words.text], ["USER", "TEXT", "I was charged twice."]);
  assert.deepEqual([voice.role, voice.type], ["USER", "AUDIO"]);
  assert.ok(voice.audio.durationMs > 10_000);
  for (const each of [reply, answer]) {
    assert.equal(each.role, "ASSISTANT");
    assert.ok(each.complete && each.text && each.audio.url);
  }

  const ended = await client.run(END, { input: { sessionId } });
  assert.equal(ended.endSession.session.status, "ENDED");
  const all = await following;
  assert.equal(all.at(-1).__typename, "SessionEnded");
  const completed = all.filter((event) => event.__typename === "TurnCompleted").length;
  console.log(JSON.stringify({ client: name, completed, messages: conversation.messages.length, gaps: 0 }));
  await client.close?.();
}
