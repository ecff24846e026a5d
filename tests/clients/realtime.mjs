// @openai/agents-realtime, unchanged: speaks, is answered aloud, interrupts, types; prints what it saw.
// Arguments: websocket address, key, folder of what the caller says: bill.pcm, why.pcm, stop.pcm (pcm16, 24 kHz).
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

const [address, apiKey, folder] = process.argv.slice(2);
const transport = new OpenAIRealtimeWebSocket({ url: `${address}/realtime?model=billing_agent` });
const session = new RealtimeSession(new RealtimeAgent({ name: 'caller' }), {
  transport,
  model: 'billing_agent',
  config: { providerData: { metadata: { customer_id: 'npm', language: 'en' } } },
});

const seen = { client: 'agents-realtime', audio: 0, interrupted: 0, errors: [], statuses: [], truncated: [] };
const events = [];
let wake = () => {};
session.on('audio', () => (seen.audio += 1));
session.on('audio_interrupted', () => (seen.interrupted += 1));
session.on('error', (error) => seen.errors.push(JSON.stringify(error.error?.error ?? error.error)));
session.on('transport_event', (event) => {
  if (event.type === 'response.done') seen.statuses.push(event.response.status);
  if (event.type === 'conversation.item.truncated') seen.truncated.push(event.audio_end_ms);
  events.push(event);
  wake();
});

let read = 0;

/** The next event of a type, among those that were not read yet. */
async function until(type) {
  const end = Date.now() + 20_000;
  for (;;) {
    for (; read < events.length; read += 1) if (events[read].type === type) return events[read++];
    if (Date.now() > end) throw new Error(`no ${type}: ${events.map((each) => each.type)}`);
    await Promise.race([sleep(500), new Promise((resolve) => (wake = resolve))]);
  }
}

// A microphone: 20 ms of pcm16 at 24 kHz at a time, silence where nothing is said.
const FRAME = 960;
let waiting = new Uint8Array(0);
const say = (name) => (waiting = new Uint8Array(readFileSync(`${folder}/${name}.pcm`)));
const begun = Date.now();
let frames = 0;
const microphone = setInterval(() => {
  while (transport.status === 'connected' && Date.now() - begun >= frames * 20) {
    const frame = new Uint8Array(FRAME);
    frame.set(waiting.subarray(0, FRAME));
    waiting = waiting.subarray(FRAME);
    session.sendAudio(frame.buffer);
    frames += 1;
  }
}, 10);

await session.connect({ apiKey });
const opened = await until('session.updated');
seen.model = opened.session.model;
seen.session = events.find((each) => each.type === 'conversation.created').conversation.id;
frames = Math.floor((Date.now() - begun) / 20);
say('bill');
await until('conversation.item.input_audio_transcription.completed');
await until('response.done');
await sleep(2_000); // it is played

say('why');
await until('response.output_audio.delta');
await sleep(1_500);
say('stop');
await until('input_audio_buffer.speech_started');
await until('conversation.item.truncated');
await until('response.done'); // the one that was interrupted
await until('response.done');
await sleep(2_000);

session.sendMessage('bill');
await until('response.done');
await sleep(500);
clearInterval(microphone);
seen.history = session.history.map((item) => [item.role, item.content[0]?.transcript ?? item.content[0]?.text ?? null]);
session.close();
console.log(JSON.stringify(seen));
