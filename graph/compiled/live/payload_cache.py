"""Cache of serialized events: each event is serialized once for all subscriptions with the same selection."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from cachetools import LRUCache

from db.feed.events import StoredEvent
from db.logs import retrieve_exception
from db.postgres.reader import Reader
from graph.compiled.live.event_writer import EventWriter
from graph.compiled.live.plans import Selection
from graph.media.signing import MediaSigner, SoundUrls

#: How long a payload with rows is reused: rows may change.
_FRESH_SECONDS = 1.0

#: Host names by which clients address this server, at most.
_MAX_HOSTS = 64

_Key = tuple[int, SoundUrls, object, int]


@dataclass(frozen=True, slots=True)
class _Written:
    text: str
    good_until: float


class PayloadCache:
    """LRU cache of payloads, of at most ``kept_bytes`` bytes."""

    def __init__(self, reader: Reader, signer: MediaSigner, kept_bytes: int = 8_000_000) -> None:
        self._reader = reader
        self._signer = signer
        self._kept: LRUCache[_Key, _Written] = LRUCache(kept_bytes, lambda each: len(each.text) + 300)
        self._writing: dict[_Key, asyncio.Task[str]] = {}
        self._urls: LRUCache[str, SoundUrls] = LRUCache(_MAX_HOSTS)
        #: The last lookup, which the event's next subscriber repeats.
        self._last: tuple[object, object, object, str] = (None, None, None, "")

    def known(self, selection: Selection, event: StoredEvent, base: str) -> str | None:
        """The payload if it is cached or needs no rows, else None. ``base``: this server's base URL."""
        last = self._last
        if last[0] is event and last[1] is selection and last[2] is base:
            return last[3]
        urls = self._signed(base)
        key = (selection.number, urls, event.session_id, event.seq)
        written = self._kept.get(key)
        if written is not None and (written.good_until == 0 or written.good_until > time.monotonic()):
            return written.text
        writer = selection.of(event.type)
        if writer.asks:
            return None
        text = writer.write(event, urls)
        self._keep(key, _Written(text, 0))
        self._last = (event, selection, base, text)
        return text

    async def made(self, selection: Selection, event: StoredEvent, base: str) -> str:
        """The payload of an event with rows, serialized now, once for concurrent callers. Raises Missing and the
        reader's errors.
        """
        urls = self._signed(base)
        key = (selection.number, urls, event.session_id, event.seq)
        task = self._writing.get(key)
        if task is None:
            task = self._writing[key] = asyncio.create_task(self._write(key, selection.of(event.type), event, urls))
            task.add_done_callback(lambda _: self._writing.pop(key, None))
            task.add_done_callback(retrieve_exception)
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = list(self._writing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, key: _Key, writer: EventWriter, event: StoredEvent, urls: SoundUrls) -> str:
        text = await writer.write_with_rows(event, urls, self._reader)
        self._keep(key, _Written(text, time.monotonic() + _FRESH_SECONDS))
        return text

    def _keep(self, key: _Key, written: _Written) -> None:
        if len(written.text) < self._kept.maxsize // 10:  # a larger one would evict all others
            self._kept[key] = written

    def _signed(self, base: str) -> SoundUrls:
        window = self._signer.window()
        urls = self._urls.get(base)
        if urls is None or urls.window is not window:
            urls = self._urls[base] = SoundUrls(base, window)
        return urls
