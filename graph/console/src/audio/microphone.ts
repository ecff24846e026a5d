import { RATE, workletUrl } from './worklets';

/** Why there is no microphone, or (`silent`) no way to play sound; the keys of `words.talk.microphone`. */
export type MicrophoneFault = 'insecure' | 'denied' | 'missing' | 'busy' | 'silent' | 'failed';

export class MicrophoneError extends Error {
  override readonly name = 'MicrophoneError';
  readonly fault: MicrophoneFault;

  constructor(fault: MicrophoneFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** 20 ms of pcm16, and its loudest sample (0 to 1). */
export interface Heard {
  pcm: ArrayBuffer;
  peak: number;
}

const FAULTS: Readonly<Record<string, MicrophoneFault>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

/**
 * The microphone with the browser's echo canceller, as pcm16 at RATE. Raises MicrophoneError.
 *
 * `onEnd`: the device is gone (unplugged, or the permission was withdrawn).
 */
export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly source: MediaStreamAudioSourceNode,
    private readonly node: AudioWorkletNode,
    /** Of the microphone alone, where it cannot share the loudspeaker's. */
    private readonly own: AudioContext | undefined,
  ) {}

  static async open(
    context: AudioContext,
    deviceId: string | undefined,
    onHeard: (heard: Heard) => void,
    onEnd: () => void,
  ): Promise<Microphone> {
    // Without a secure context (HTTPS, or this machine) browsers have no mediaDevices at all.
    if (!navigator.mediaDevices) throw new MicrophoneError('insecure', 'No secure context.');
    const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    let stream: MediaStream;
    try {
      const device = deviceId ? { deviceId: { ideal: deviceId } } : {};
      stream = await navigator.mediaDevices.getUserMedia({ audio: { ...wanted, ...device } });
    } catch (error) {
      const { name, message } = error as DOMException;
      throw new MicrophoneError(FAULTS[name] ?? 'failed', message);
    }
    let own: AudioContext | undefined;
    try {
      let source: MediaStreamAudioSourceNode;
      try {
        source = context.createMediaStreamSource(stream);
      } catch {
        // Firefox joins a microphone only to a context of the device's own rate.
        own = new AudioContext({ latencyHint: 'interactive' });
        source = own.createMediaStreamSource(stream);
      }
      const used = own ?? context;
      await used.audioWorklet.addModule(workletUrl('capture'));
      const node = new AudioWorkletNode(used, 'capture', { numberOfOutputs: 0, processorOptions: { rate: RATE } });
      node.port.onmessage = ({ data }: MessageEvent<Heard>) => onHeard(data);
      source.connect(node);
      for (const track of stream.getAudioTracks()) track.onended = onEnd;
      return new Microphone(stream, source, node, own);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      void own?.close();
      throw new MicrophoneError('failed', (error as Error).message);
    }
  }

  /** The id of the device that is used, and its name. */
  get device(): { id: string | undefined; label: string } {
    const track = this.stream.getAudioTracks()[0];
    return { id: track?.getSettings().deviceId, label: track?.label ?? '' };
  }

  close(): void {
    this.node.port.onmessage = null;
    this.source.disconnect();
    void this.own?.close();
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
  }
}

/** The microphones; their names are empty until the person has allowed one. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((each) => each.kind === 'audioinput' && each.deviceId !== '');
}
