// A page with one conversation: what was said, the reply while it is written, and its sound.
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { Provider, useMutation, useSubscription } from "urql";

import { connect } from "./client.js";

const CREATE = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }`;
const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { turn { id } } }`;
const EVENTS = `subscription ($sessionId: ID!, $afterSeq: Int!) {
  sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) {
    __typename seq turnId
    ... on ReplyDelta { text }
    ... on ReplyReady { message { text } }
    ... on AudioReady { message { audio { url } } }
    ... on TurnFailed { turn { error { message } } }
  }
}`;

// Folds one event after another into the replies by turn: { [turnId]: { text, audio, state } }.
function addEvent(replies = {}, { sessionEvents: event }) {
  const reply = replies[event.turnId] ?? { text: "", state: "…" };
  const changes = {
    ReplyDelta: () => ({ text: reply.text + event.text }),
    ReplyReady: () => ({ text: event.message.text }),
    AudioReady: () => ({ audio: event.message.audio.url }),
    TurnCompleted: () => ({ state: "done" }),
    TurnFailed: () => ({ state: event.turn.error.message }),
  }[event.__typename];
  return event.turnId && changes ? { ...replies, [event.turnId]: { ...reply, ...changes() } } : replies;
}

function Conversation({ sessionId }) {
  const [said, setSaid] = useState([]);
  const [sent, send] = useMutation(SEND);
  const [{ data: replies = {}, error }] = useSubscription(
    { query: EVENTS, variables: { sessionId, afterSeq: 0 } },
    addEvent,
  );

  async function say(form) {
    const text = form.get("text");
    // The key makes the message safe to send again: the same key is the same turn.
    const input = { sessionId, content: { text }, idempotencyKey: crypto.randomUUID() };
    const { data } = await send({ input });
    if (data) setSaid((before) => [...before, { text, turnId: data.sendMessage.turn.id }]);
  }

  return (
    <>
      <ol>
        {said.map(({ text, turnId }) => (
          <li key={turnId}>
            <p>You: {text}</p>
            <p>
              Assistant: {replies[turnId]?.text} <small>{replies[turnId]?.state}</small>
            </p>
            {replies[turnId]?.audio && <audio controls src={replies[turnId].audio} />}
          </li>
        ))}
      </ol>
      <form action={say}>
        <input name="text" placeholder="Say something" required />
        <button disabled={sent.fetching}>Send</button>
      </form>
      {(error ?? sent.error) && <p role="alert">{(error ?? sent.error).message}</p>}
    </>
  );
}

function Start({ onSession }) {
  const [created, create] = useMutation(CREATE);
  async function start() {
    const { data } = await create({ input: { customerId: "customer-1" } });
    if (data) onSession(data.createSession.session.id);
  }
  return (
    <>
      <button onClick={start}>Start a conversation</button>
      {created.error && <p role="alert">{created.error.message}</p>}
    </>
  );
}

function Page() {
  const [server, setServer] = useState(null);
  const [sessionId, setSessionId] = useState(null);
  const client = useMemo(() => server && connect(server.url, server.key), [server]);
  if (!client) {
    return (
      <form action={(form) => setServer({ url: form.get("url"), key: form.get("key") })}>
        <input name="url" defaultValue="http://127.0.0.1:8000/graphql" aria-label="Address" />
        <input name="key" placeholder="API key" required />
        <button>Connect</button>
      </form>
    );
  }
  return (
    <Provider value={client}>
      {sessionId ? <Conversation sessionId={sessionId} /> : <Start onSession={setSessionId} />}
    </Provider>
  );
}

createRoot(document.getElementById("page")).render(<Page />);
