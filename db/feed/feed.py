"""Live feed of session events for subscriptions (publish/subscribe): replay, then live, in order, each event once.

One LISTEN connection per process, and two connections that read new events apart from clients' reads. A notification is
only a hint: events are always read from the table by number, and polling finds them if a notification was lost. A
listener's buffer is bounded; a slow listener falls back to reading the table (backpressure).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from db.feed.events import StoredEvent, last_seqs, read_after
from db.feed.listeners import PAGE, Listener, Page, Take, Topic
from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.listen import Handler, listen
from db.postgres.notifier import CHANNEL
from db.postgres.outage import DATABASE_ERRORS, run_forever
from db.postgres.reader import Reader
from db.retries import OUTAGE_WAIT_SECONDS, backoff

log = structlog.get_logger(__name__)

#: Most sessions whose new events are read by one statement.
_BATCH = 200


class Feed:
    """The feed of one process.

    ``poll_seconds``: interval of polling, the longest delay after a lost notification. ``buffer``: events per listener.
    """

    def __init__(self, database: Database, *, poll_seconds: float = 2, buffer: int = 256) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._buffer = buffer
        self._topics: dict[UUID, Topic] = {}
        self._dirty: set[UUID] = set()
        self._work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        #: Called with the session of every notification, also of sessions without listeners.
        self.on_notification: list[Callable[[UUID], None]] = []
        #: Handlers of other channels to listen on. Set before `start`.
        self.channels: dict[str, Handler] = {}

    @property
    def listeners(self) -> int:
        """The current number of listeners."""
        return sum(len(topic.listeners) for topic in self._topics.values())

    async def start(self) -> None:
        poll = run_forever(self._poll, lost="feed_poll_failed", pause_seconds=self._poll_seconds)
        self._tasks = [
            asyncio.create_task(self._listen(), name="feed-listen"),
            asyncio.create_task(self._pump(), name="feed-pump"),
            asyncio.create_task(poll, name="feed-poll"),
        ]

    async def close(self) -> None:
        """Ends all iterators of ``follow`` and closes the LISTEN connection."""
        self._closed = True
        for topic in self._topics.values():
            for listener in topic.listeners:
                listener.wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def follow(
        self, session_id: UUID, after_seq: int, take: Take | None = None
    ) -> AsyncGenerator[StoredEvent, None]:
        """Yields every event of a session after ``after_seq``, in order, each once; ends when the feed is closed.

        ``take``: fast path while the iterator is idle. It is offered each event first; an event that it refuses
        (False) is yielded. It must not raise.
        """
        listener = Listener(self._buffer, after_seq, take)
        topic = self._topics.setdefault(session_id, Topic())
        topic.listeners.add(listener)  # before the first read, so that no event is missed in between
        try:
            while not self._closed:
                if listener.behind:
                    listener.behind = False
                    pages = await self._read(self._database.reader, {session_id: listener.cursor})
                    if pages is None:
                        break
                    page = pages[session_id]
                    topic.join(listener, page)
                    for event in page.events:
                        listener.cursor = event.seq
                        yield event
                    continue
                while listener.buffer:
                    event = listener.buffer.popleft()
                    if event.seq <= listener.cursor:
                        continue
                    if event.seq != listener.cursor + 1:
                        listener.fall_behind()
                        break
                    listener.cursor = event.seq
                    yield event
                if not (listener.buffer or listener.behind or self._closed):
                    await listener.rest()
        finally:
            topic.listeners.discard(listener)
            if not topic.listeners:
                self._topics.pop(session_id, None)

    async def _read(self, reader: Reader, cursors: Mapping[UUID, int]) -> dict[UUID, Page] | None:
        """Reads a page of each session; waits during an outage of the database. None once the feed is closed."""
        while not self._closed:
            try:
                found = await read_after(reader, cursors, PAGE)
                return {each: Page(page, page[-1].seq if page else cursors[each]) for each, page in found.items()}
            except DATABASE_ERRORS as error:
                log.warning("feed_read_failed", **error_fields(error))
                await asyncio.sleep(backoff(1, first_seconds=OUTAGE_WAIT_SECONDS, longest_seconds=OUTAGE_WAIT_SECONDS))
        return None

    def _mark(self, session_ids: set[UUID]) -> None:
        self._dirty |= session_ids
        self._work.set()

    def _on_notification(self, payload: str) -> None:
        with suppress(ValueError):
            session_id = UUID(payload)
            for handle in self.on_notification:
                handle(session_id)
            if session_id in self._topics:
                self._mark({session_id})

    async def _listen(self) -> None:
        channels = {CHANNEL: self._on_notification, **self.channels}
        # On every connect all sessions are read: notifications may have been lost before.
        await listen(
            self._database,
            channels,
            check_seconds=self._poll_seconds,
            connected=lambda: self._mark(set(self._topics)),
        )

    async def _poll(self) -> None:
        if self._topics:
            newest = await last_seqs(self._database.live, list(self._topics))
            self._mark({each for each, seq in newest.items() if self._is_news(each, seq)})

    def _is_news(self, session_id: UUID, last_seq: int) -> bool:
        topic = self._topics.get(session_id)
        return topic is not None and (topic.head is None or last_seq > topic.head)

    async def _pump(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            dirty = list(self._dirty)
            self._dirty.clear()
            for start in range(0, len(dirty), _BATCH):
                await self._deliver_all(dirty[start : start + _BATCH])

    async def _deliver_all(self, session_ids: Sequence[UUID]) -> None:
        try:
            await self._deliver(session_ids)
        except Exception as error:
            if len(session_ids) == 1:  # does not affect other sessions; polling retries it
                log.error("feed_deliver_failed", session_id=str(session_ids[0]), **error_fields(error))
                return
            for each in session_ids:
                await self._deliver_all([each])

    async def _deliver(self, session_ids: Sequence[UUID]) -> None:
        cursors: dict[UUID, int] = {}
        for session_id in session_ids:
            topic = self._topics.get(session_id)
            if topic is not None and topic.head is not None:
                cursors[session_id] = topic.head
            elif topic is not None:  # no listener has caught up yet: each reads the table by itself
                for listener in topic.listeners:
                    listener.fall_behind()
        pages = await self._read(self._database.live, cursors) if cursors else None
        for session_id, page in (pages or {}).items():
            topic = self._topics.get(session_id)
            if topic is not None:
                topic.deliver(page)
                if page.full:
                    self._mark({session_id})
