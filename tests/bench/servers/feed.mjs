// The events of sessions, replayed and then live: one LISTEN connection for all, told by the session's id, and what is
// new is read from the table, for all sessions that have news at once. Every follower gets each event once, in order.
import { createPubSub } from "graphql-yoga";
import pg from "pg";

const COLUMNS = 'session_id "sessionId", seq, turn_id "turnId", type, data, at';
const NEWS = `select ${COLUMNS} from unnest($1::uuid[], $2::int[]) as topic (id, after)
  join events on session_id = topic.id and seq > topic.after order by session_id, seq`;
const MISSED = `select ${COLUMNS} from events where session_id = $1 and seq > $2 order by seq`;

export class Feed {
  #pool;
  #topics = new Map();
  #dirty = new Set();
  #reading = false;
  #pubSub = createPubSub();

  constructor(pool) {
    this.#pool = pool;
  }

  async listen(connectionString) {
    const ears = new pg.Client({ connectionString });
    await ears.connect();
    ears.on("notification", ({ payload }) => {
      if (!this.#topics.has(payload)) return;
      this.#dirty.add(payload);
      void this.#read();
    });
    await ears.query("listen voxloom_events");
  }

  async #read() {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#dirty.size) {
      const topics = [...this.#dirty].filter((id) => this.#topics.has(id));
      this.#dirty.clear();
      const heads = topics.map((id) => this.#topics.get(id).head);
      const { rows } = await this.#pool.query({ name: "news", text: NEWS, values: [topics, heads] });
      for (const event of rows) {
        const topic = this.#topics.get(event.sessionId);
        if (topic) topic.head = event.seq;
        this.#pubSub.publish(event.sessionId, event);
      }
    }
    this.#reading = false;
  }

  async *follow(sessionId, afterSeq) {
    const topic = this.#topics.get(sessionId) ?? { head: afterSeq, followers: 0 };
    this.#topics.set(sessionId, topic);
    topic.followers += 1;
    const live = this.#pubSub.subscribe(sessionId);
    try {
      let next = live.next(); // it hears from the first call on: before the table is read, so that nothing falls between
      let cursor = afterSeq;
      const { rows } = await this.#pool.query({ name: "missed", text: MISSED, values: [sessionId, afterSeq] });
      for (const event of rows) {
        cursor = event.seq;
        yield { sessionEvents: event };
      }
      while (true) {
        const { value: event, done } = await next;
        if (done) return;
        next = live.next();
        if (event.seq <= cursor) continue;
        cursor = event.seq;
        yield { sessionEvents: event };
      }
    } finally {
      await live.return();
      topic.followers -= 1;
      if (topic.followers === 0) this.#topics.delete(sessionId);
    }
  }
}
