// @openai/agents-realtime, unchanged: speaks, is answered aloud, interrupts, types; prints what it saw.
// Arguments: websocket address, key, a 16-bit WAV file at 16 kHz (its samples are sent as they are).
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

const [address, apiKey, recording] = process.argv.slice(2);
const transport = new OpenAIRealtimeWebSocket({ url: `${address}/realtime?model=billing_agent` });
const session = new RealtimeSession(new RealtimeAgent({ name: 'caller' }), {
  transport,
  model: 'billing_agent',
  config: { providerData: { metadata: { customer_id: 'npm', language: 'en' } } },
});

const seen = { client: 'agents-realtime', audio: 0, interrupted: 0, errors: [], statuses: [], truncated: [] };
const waiting = [];
const events = [];
session.on('audio', () => (seen.audio += 1));
session.on('audio_interrupted', () => (seen.interrupted += 1));
session.on('error', (error) => seen.errors.push(JSON.stringify(error.error?.error ?? error.error)));
session.on('transport_event', (event) => {
  if (event.type === 'response.done') seen.statuses.push(event.response.status);
  if (event.type === 'conversation.item.truncated') seen.truncated.push(event.audio_end_ms);
  events.push(event);
  for (const each of waiting) each();
});

let read = 0;

/** The next event of a type, among those that were not read yet. */
async function until(type) {
  const end = Date.now() + 20_000;
  for (;;) {
    for (; read < events.length; read += 1) if (events[read].type === type) return events[read++];
    if (Date.now() > end) throw new Error(`no ${type}: ${events.map((each) => each.type)}`);
    await Promise.race([sleep(500), new Promise((resolve) => waiting.push(resolve))]);
  }
}

const samples = readFileSync(recording).subarray(44);
let at = 0;
const microphone = setInterval(() => {
  const size = 960;
  const frame = new Uint8Array(samples.subarray(at % (samples.length - size), (at % (samples.length - size)) + size));
  at += size;
  session.sendAudio(frame.buffer);
}, 20);

await session.connect({ apiKey });
const opened = await until('session.updated');
seen.model = opened.session.model;
seen.session = (events.find((each) => each.type === 'conversation.created') ?? {}).conversation?.id !== undefined;

await until('conversation.item.input_audio_transcription.completed');
await until('response.done'); // the first reply
await until('response.output_audio.delta'); // of the second, which the caller interrupts
await until('input_audio_buffer.speech_started');
await until('conversation.item.truncated');
await until('response.done');
session.sendMessage('What is my balance?');
await until('response.done');
await sleep(300);
clearInterval(microphone);
seen.history = session.history.map((item) => [item.role, item.content[0]?.transcript ?? item.content[0]?.text ?? null]);
session.close();
console.log(JSON.stringify(seen));
