import { batch, signal } from '@preact/signals';
import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { follow, type FollowState } from '@/api/subscription';
import {
  ConversationEvents,
  type ConversationEventsSubscription,
  ConversationHead,
  EventPage,
  type EventPageQuery,
  type HeadFragment,
  type LineFragment,
  OpenConversation,
  TurnLine,
  TurnPage,
} from './conversation.generated';
import { type Draft, drafted } from './drafts';

export type LogEvent = ConversationEventsSubscription['sessionEvents'];
export type Head = HeadFragment;
export type Line = LineFragment;

/** Turns in the first answer, and in each later one. */
const FIRST = 30;
const PAGE = 50;

/** Events in a page of those before the log. */
const EVENTS = 100;

/** Of a session with at most so many events all are read at once; the log reads those of a longer one when asked. */
export const ALL_EVENTS = 2_000;

/** Events of one moment are taken together: a replay of thousands draws the page a few times, not thousands. */
const GATHER_MS = 40;

/** Several events change a turn within moments: it is read once. */
const REREAD_MS = 200;

/** Events after which the session's own facts have changed. */
const OF_SESSION = new Set(['CallStarted', 'CallDropped', 'CallResumed', 'CallEnded', 'SessionEnded', 'CrmRecordUpdated']);

/** Events of a turn that change nothing of what is read of it. */
const OF_MOMENT = new Set(['TranscriptPartial', 'ReplyDelta', 'AudioChunkReady', 'StageStarted', 'StageCompleted', 'StageSkipped']);

/**
 * One conversation: a snapshot as of `lastSeq`, of which turns are read page by page as they come in sight, and the
 * events after it, by which it follows the session. Turns are known by their number, events by their `seq`: nothing is
 * there twice.
 */
export class ConversationStore {
  readonly id: string;
  readonly head = signal<Head | undefined>(undefined);
  /** How many turns there are; those that were read, by number. */
  readonly total = signal(0);
  readonly turns = signal<ReadonlyMap<number, Line>>(new Map());
  readonly error = signal<ApiError | undefined>(undefined);
  readonly pageError = signal<ApiError | undefined>(undefined);
  readonly following = signal<FollowState>('connecting');
  /** Events, oldest first; from `logFrom` on. */
  readonly log = signal<readonly LogEvent[]>([]);
  readonly logFrom = signal(1);
  /** The number of the last turn before the log. */
  readonly logTurn = signal(0);
  /** What is being said in turns that are not finished, by the turn's id. */
  readonly drafts = signal<ReadonlyMap<string, Draft>>(new Map());
  /** Counts changes of a turn, by its id: details that were read before are old. */
  readonly revisions = signal<ReadonlyMap<string, number>>(new Map());

  #lastSeq = 0;
  #controller = new AbortController();
  #stops: (() => void)[] = [];
  #gathered: LogEvent[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #rereading: ReturnType<typeof setTimeout> | undefined;
  #stale = new Set<string>();
  #isHeadStale = false;
  #isReading = false;
  #isReadingLog = false;
  /** Of the oldest event of the log; null until a page of earlier ones was read. */
  #logCursor: string | null = null;
  #wanted: number | undefined;

  constructor(id: string) {
    this.id = id;
  }

  async open(): Promise<void> {
    this.close();
    this.#controller = new AbortController();
    this.error.value = undefined;
    try {
      const { conversation } = await this.#request(OpenConversation, { id: this.id, last: FIRST });
      if (conversation === null) throw new ApiError('NOT_FOUND', this.id);
      const { session, turns, lastSeq } = conversation;
      this.#lastSeq = lastSeq;
      batch(() => {
        this.head.value = session;
        this.#took(turns);
        this.log.value = [];
        this.drafts.value = new Map();
        this.#logCursor = null;
        this.logFrom.value = lastSeq > ALL_EVENTS ? lastSeq + 1 : 1;
        this.logTurn.value = lastSeq > ALL_EVENTS ? this.total.peek() : 0;
      });
      this.#follow(lastSeq > ALL_EVENTS ? lastSeq : 0);
    } catch (thrown) {
      if (!this.#controller.signal.aborted) this.error.value = asApiError(thrown);
    }
  }

  close(): void {
    this.#controller.abort();
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#gathering);
    clearTimeout(this.#rereading);
    this.#gathering = this.#rereading = undefined;
    this.#gathered = [];
  }

  /** Reads the page with this turn, and those between it and what was read. */
  need(number: number): void {
    this.#wanted = number;
    if (!this.#isReading && this.pageError.peek() === undefined) void this.#readPages();
  }

  retryPage(): void {
    this.pageError.value = undefined;
    void this.#readPages();
  }

  async #readPages(): Promise<void> {
    this.#isReading = true;
    const own = this.#controller;
    try {
      while (this.#wanted !== undefined && !this.turns.peek().has(this.#wanted) && this.#wanted <= this.total.peek()) {
        const before = this.turns.peek().size;
        const { session } = await this.#request(TurnPage, { id: this.id, ...this.#window(this.#wanted) });
        this.#took(session?.turns ?? []);
        if (this.turns.peek().size === before) break;
      }
    } catch (thrown) {
      if (!own.signal.aborted) this.pageError.value = asApiError(thrown);
    } finally {
      this.#isReading = false;
    }
  }

  /** The page next to what was read, on the side from which the turn is nearer. */
  #window(number: number) {
    const turns = this.turns.peek();
    let below = 0;
    let above = Number.POSITIVE_INFINITY;
    for (const each of turns.keys()) {
      if (each < number) below = Math.max(below, each);
      else above = Math.min(above, each);
    }
    if (number - below <= above - number) return { first: PAGE, after: turns.get(below)?.id ?? null };
    return { last: PAGE, before: turns.get(above)?.id ?? null };
  }

  #took(turns: readonly Line[]): void {
    const all = new Map(this.turns.peek());
    for (const turn of turns) all.set(turn.number, turn);
    batch(() => {
      this.turns.value = all;
      this.total.value = Math.max(this.total.peek(), ...turns.map((turn) => turn.number));
    });
  }

  #follow(afterSeq: number): void {
    this.#stops.push(
      follow(ConversationEvents, { sessionId: this.id }, afterSeq, {
        onEvent: (event) => this.#gather(event),
        onState: (state) => {
          this.following.value = state;
        },
        onError: (error) => {
          this.pageError.value = error;
        },
      }),
    );
  }

  #gather(event: LogEvent): void {
    this.#gathered.push(event);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const events = this.#gathered;
      this.#gathered = [];
      this.#happened(events);
    }, GATHER_MS);
  }

  #happened(events: readonly LogEvent[]): void {
    batch(() => {
      this.log.value = [...this.log.peek(), ...events];
      this.drafts.value = drafted(this.drafts.peek(), events);
    });
    for (const event of events) {
      // The snapshot has what came up to lastSeq.
      if (event.seq <= this.#lastSeq) continue;
      if (OF_SESSION.has(event.__typename)) this.#isHeadStale = true;
      if (event.turnId !== null && !OF_MOMENT.has(event.__typename)) this.#stale.add(event.turnId);
      if (event.turnId !== null && event.__typename.startsWith('Turn')) this.#isHeadStale = true;
    }
    if (this.#stale.size > 0 || this.#isHeadStale) this.#rereading ??= setTimeout(() => void this.#reread(), REREAD_MS);
  }

  async #reread(): Promise<void> {
    const own = this.#controller;
    const ids = [...this.#stale];
    const isHead = this.#isHeadStale;
    this.#stale.clear();
    this.#isHeadStale = false;
    try {
      const [head, ...answers] = await Promise.all([
        isHead ? this.#request(ConversationHead, { id: this.id }) : undefined,
        ...ids.map((id) => this.#request(TurnLine, { id })),
      ]);
      batch(() => {
        if (head?.session) this.head.value = head.session;
        this.#took(answers.flatMap(({ turn }) => turn ?? []));
        const revisions = new Map(this.revisions.peek());
        for (const id of ids) revisions.set(id, (revisions.get(id) ?? 0) + 1);
        this.revisions.value = revisions;
      });
    } catch (thrown) {
      if (own.signal.aborted) return;
      for (const id of ids) this.#stale.add(id);
      this.#isHeadStale ||= isHead;
      this.pageError.value = asApiError(thrown);
    }
    this.#rereading = undefined;
    if (own.signal.aborted || this.pageError.peek() !== undefined) return;
    if (this.#stale.size > 0 || this.#isHeadStale) this.#rereading = setTimeout(() => void this.#reread(), REREAD_MS);
  }

  /** Reads a page of the events before those of the log. */
  async readEarlier(): Promise<void> {
    const until = this.logFrom.peek();
    if (until <= 1 || this.#isReadingLog) return;
    this.#isReadingLog = true;
    const own = this.#controller;
    try {
      let earlier: LogEvent[] = [];
      do {
        const page = { first: EVENTS, last: EVENTS, before: this.#logCursor };
        const { conversation }: EventPageQuery = await this.#request(EventPage, { id: this.id, ...page });
        earlier = (conversation?.events.nodes ?? []).filter((event) => event.seq < until);
        this.#logCursor = conversation?.events.pageInfo.startCursor ?? null;
        // The first page may hold what came since the log began alone.
      } while (earlier.length === 0 && this.#logCursor !== null);
      const first = earlier.find((event) => event.__typename === 'TurnQueued');
      batch(() => {
        this.log.value = [...earlier, ...this.log.peek()];
        this.logFrom.value = earlier[0]?.seq ?? 1;
        if (first?.__typename === 'TurnQueued') this.logTurn.value = first.turn.number - 1;
      });
    } catch (thrown) {
      if (!own.signal.aborted) this.pageError.value = asApiError(thrown);
    } finally {
      this.#isReadingLog = false;
    }
  }

  #request: typeof request = (document, variables) => request(document, variables, { signal: this.#controller.signal });
}
