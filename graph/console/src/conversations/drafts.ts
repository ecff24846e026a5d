import type { LogEvent } from './store';

/** What is being said in a turn, until its messages are stored. */
export interface Draft {
  said: string;
  reply: string;
}

const NONE: Draft = { said: '', reply: '' };

/** The drafts after some events; a turn that has ended has none. */
export function drafted(before: ReadonlyMap<string, Draft>, events: readonly LogEvent[]): ReadonlyMap<string, Draft> {
  const drafts = new Map(before);
  for (const event of events) {
    if (event.turnId === null) continue;
    const draft = drafts.get(event.turnId) ?? NONE;
    switch (event.__typename) {
      case 'TurnStarted':
      case 'TurnReopened':
        drafts.set(event.turnId, { ...draft, reply: '' });
        break;
      case 'TranscriptPartial':
        drafts.set(event.turnId, { ...draft, said: event.text });
        break;
      case 'ReplyDelta':
        drafts.set(event.turnId, { ...draft, reply: draft.reply + event.text });
        break;
      case 'TranscriptReady':
        drafts.set(event.turnId, { ...draft, said: event.message.text ?? '' });
        break;
      case 'ReplyReady':
        drafts.set(event.turnId, { ...draft, reply: event.message.text ?? '' });
        break;
      case 'TurnCompleted':
      case 'TurnFailed':
      case 'TurnCancelled':
        drafts.delete(event.turnId);
        break;
      default:
        break;
    }
  }
  return drafts;
}
