import { useEffect, useRef, useState } from 'preact/hooks';
import { microphones } from '@/audio/microphone';
import { Button } from '@/ui/Button';
import { Select } from '@/ui/Select';
import { StatusDot } from '@/ui/StatusDot';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { TONES, type TalkState, talkState } from './callState';
import { choice } from './choice';
import { hasOpenCall } from './conversation';
import {
  call,
  chooseMicrophone,
  conversation,
  device,
  interrupt,
  opening,
  resumeCall,
  sessionId,
  startCall,
  storedCall,
} from './store';
import { Voices } from './Voices';

/** Who speaks is heard: a screen reader that said it each time would speak over the call. */
const TURNS: ReadonlySet<TalkState> = new Set(['listening', 'caller', 'thinking', 'assistant']);

/** The voices as they sound, who has the word, and the buttons of the call. */
export function CallBar({ canStart }: { canStart: boolean }) {
  const text = words.value.talk;
  const live = call.value;
  const state = talkState.value;
  const buttons = useRef<HTMLDivElement>(null);
  // The button that was pressed has given way to others: the focus goes to them, not to the top of the page.
  const { isEnded } = conversation.value;
  const before = useRef({ live, isEnded });
  useEffect(() => {
    if (before.current.live === live && before.current.isEnded === isEnded) return;
    before.current = { live, isEnded };
    const focused = document.activeElement;
    if (focused !== null && focused !== document.body && !focused.matches(':disabled')) return;
    const next = buttons.current?.querySelector<HTMLElement>('button:enabled') ?? document.getElementById('main');
    next?.focus({ preventScroll: true });
  }, [live, isEnded]);
  return (
    <section class="callbar" aria-label={text.heading}>
      <Voices />
      <div class="callbar-row">
        <div class="callbar-state" role="status" aria-live={TURNS.has(state) ? 'off' : 'polite'}>
          <StatusDot tone={TONES[state]} isLive={live !== undefined}>
            {text.states[state]}
          </StatusDot>
        </div>
        <div class="callbar-buttons" ref={buttons}>
          {live === undefined ? <Begin canStart={canStart} /> : <InCall />}
        </div>
      </div>
      {live !== undefined && <Devices />}
    </section>
  );
}

function Begin({ canStart }: { canStart: boolean }) {
  const text = words.value.talk;
  const [isRecorded, setRecorded] = useState(false);
  const id = sessionId.value;
  const isBusy = opening.value === 'call';
  const stored = id !== undefined && hasOpenCall(conversation.value) ? storedCall(id) : undefined;
  const isOver = conversation.value.isEnded;
  if (stored !== undefined) {
    return (
      <Button kind="primary" icon="talk" isBusy={isBusy} title={text.resumeHelp} onClick={() => void resumeCall(stored)}>
        {text.resume}
      </Button>
    );
  }
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={isRecorded} onChange={(event) => setRecorded(event.currentTarget.checked)} />
        {text.record}
      </label>
      <Button
        kind="primary"
        icon="talk"
        isBusy={isBusy}
        disabled={!canStart || isOver}
        onClick={() => void startCall(choice.value, { isRecorded })}
      >
        {isBusy ? text.starting : id === undefined ? text.start : text.callAgain}
      </Button>
    </>
  );
}

function InCall() {
  const text = words.value.talk;
  const live = call.value;
  if (live === undefined) return null;
  const isMuted = live.isMuted.value;
  return (
    <>
      <Button
        icon={isMuted ? 'play' : 'pause'}
        aria-pressed={isMuted}
        onClick={() => {
          live.isMuted.value = !isMuted;
        }}
      >
        {isMuted ? text.unmute : text.mute}
      </Button>
      <Button icon="stop" onClick={() => void interrupt()}>
        {text.interrupt}
      </Button>
      <Button kind="danger" icon="hangUp" onClick={() => live.hangUp()}>
        {text.hangUp}
      </Button>
    </>
  );
}

/** Which microphone: once one is allowed, the browser tells their names. */
function Devices() {
  const text = words.value.talk;
  const [found, setFound] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    const look = () => void microphones().then(setFound);
    look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', look);
  }, []);
  if (found.length < 2) return null;
  const chosen = found.some((each) => each.deviceId === device.value) ? (device.value as string) : '';
  return (
    <Select
      label={text.microphoneLabel}
      value={chosen}
      options={[
        { value: '', label: text.defaultMicrophone },
        ...found.map((each, index) => ({
          value: each.deviceId,
          label: each.label || text.device(formatNumber(index + 1)),
        })),
      ]}
      onChange={(id) => void chooseMicrophone(id || undefined)}
    />
  );
}
