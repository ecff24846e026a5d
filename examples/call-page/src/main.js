// A call from a page: the server next to it opens the call, this page gets a token for that call alone.
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import { openMicrophone, Player } from './sound.js';

const [callButton, endButton, words] = ['call', 'end', 'words'].map((id) => document.getElementById(id));

// recipe: call
/** Calls, shows the words, and returns what hangs up. */
async function call() {
  const opened = await fetch('/call', { method: 'POST' });
  if (!opened.ok) throw new Error(await opened.text());
  const { url, token } = await opened.json();

  // Over a websocket the page plays and records itself. 24 kHz is the rate of the protocol's pcm16.
  const context = new AudioContext({ sampleRate: 24_000 });
  const player = new Player(context);
  const session = new RealtimeSession(new RealtimeAgent({ name: 'caller' }), {
    transport: new OpenAIRealtimeWebSocket({ url }),
  });
  session.on('audio', ({ data }) => player.play(data));
  session.on('audio_interrupted', () => player.stop()); // the caller speaks: be silent at once
  session.on('history_updated', show);
  session.on('error', ({ error }) => console.error(error));

  const stopMicrophone = await openMicrophone(context, (pcm16) => {
    if (session.transport.status === 'connected') session.sendAudio(pcm16);
  });
  const hangUp = () => {
    stopMicrophone();
    session.close();
    return context.close();
  };
  try {
    await session.connect({ apiKey: token });
  } catch (error) {
    await hangUp();
    throw error;
  }
  return hangUp;
}
// end

function show(history) {
  words.replaceChildren(
    ...history.map((item) => {
      const line = document.createElement('li');
      const said = item.content?.map((part) => part.transcript ?? part.text ?? '').join('');
      line.textContent = `${item.role === 'user' ? 'You' : 'Assistant'}: ${said}`;
      return line;
    }),
  );
}

let hangUp;
callButton.addEventListener('click', async () => {
  callButton.disabled = true;
  try {
    hangUp = await call(); // a click: else browsers play no sound
    endButton.disabled = false;
  } catch (error) {
    console.error(error);
    callButton.disabled = false;
  }
});
endButton.addEventListener('click', async () => {
  endButton.disabled = true;
  await hangUp();
  callButton.disabled = false;
});
