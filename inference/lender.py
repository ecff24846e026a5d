"""Engines: loaded once, lent to as many turns at a time as they can bear, given back at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from db.errors import EngineUnavailable
from db.logs import looked_at
from inference.ports import ChatModel, Engine, EngineInfo, Synthesizer, Transcriber

E = TypeVar("E", bound=Engine)

#: How long a use of an engine that was told to stop is waited for.
LEAVE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Lender(Generic[E]):
    """One engine and the queue for it. ``load_seconds``: how long its model may take to be fetched and loaded."""

    def __init__(self, engine: E, *, wait_seconds: float, load_seconds: float = 600) -> None:
        self._engine = engine
        self._wait_seconds = wait_seconds
        self._places = asyncio.Semaphore(engine.concurrency)
        self._load_seconds = load_seconds
        self._loading: asyncio.Task[None] | None = None
        self._loading_since = 0.0
        #: Uses that were told to stop and have not yet.
        self._stopping: set[asyncio.Task[None]] = set()
        self.loaded = False
        #: Why the last attempt to load it failed.
        self.error: str | None = None

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def speaks(self, language: str) -> bool:
        return not self.info.languages or language in self.info.languages

    async def load(self) -> None:
        """Loads it if it is not. Raises EngineUnavailable with the reason if it cannot be, or has not been in time.

        An attempt that takes too long goes on, as the thread of a download does anyway: it serves whoever asks later.
        """
        if self.loaded:
            return
        loop = asyncio.get_running_loop()
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="load-engine")
            self._loading.add_done_callback(looked_at)
            self._loading_since = loop.time()
        loading = self._loading
        left = self._loading_since + self._load_seconds - loop.time()
        await asyncio.wait({loading}, timeout=max(0, left))
        if not loading.done():
            self.error = (
                f"The engine {self.info.engine} is not loaded after {self._load_seconds:g} s, the "
                "VOXLOOM_ENGINE_LOAD_SECONDS: its model may still be downloading."
            )
            raise EngineUnavailable(self.error)
        if loading.cancelled():
            raise EngineUnavailable(f"The engine {self.info.engine} was closed.")
        loading.result()

    async def _load(self) -> None:
        try:
            await self._engine.load()
        except EngineUnavailable as error:
            self.error = error.message
            raise
        self.loaded, self.error = True, None
        log.info("engine_loaded", engine=self.info.engine, model=self.info.model)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[E]:
        """The engine, for as long as this is open. Raises EngineUnavailable when the wait is too long."""
        await self.load()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise EngineUnavailable(f"The engine {self.info.engine} was busy for too long.") from None
        try:
            yield self._engine
        finally:
            self._places.release()

    async def end(self, use: asyncio.Task[None]) -> None:
        """Stops a use of the engine, and waits for it for a moment.

        Native code stops when it likes: until then its task holds the engine, and nobody else waits for it.
        """
        use.add_done_callback(looked_at)
        if use.done():
            return
        self._stopping.add(use)
        use.add_done_callback(self._stopping.discard)
        use.cancel()
        await asyncio.wait({use}, timeout=LEAVE_SECONDS)
        if not use.done():
            log.warning("engine_does_not_stop", engine=self.info.engine, model=self.info.model)

    async def close(self) -> None:
        """Closes the engine, unless native code that does not stop still loads or uses it."""
        if self._loading is not None and not self._loading.done():
            self._loading.cancel()
            await asyncio.wait({self._loading}, timeout=LEAVE_SECONDS)
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=LEAVE_SECONDS)
        if self.loaded and not self._stopping:
            self.loaded = False
            await self._engine.close()


@dataclass(frozen=True, slots=True)
class Engines:
    """What a worker's turns run on: for each stage the engines in order of preference.

    ``draft`` gives quick partial transcripts while an engine of ``asr`` works, if there is one.
    """

    asr: tuple[Lender[Transcriber], ...]
    draft: Lender[Transcriber] | None
    llm: tuple[Lender[ChatModel], ...]
    tts: tuple[Lender[Synthesizer], ...]

    def every(self) -> list[tuple[str, Lender[Transcriber] | Lender[ChatModel] | Lender[Synthesizer]]]:
        """Each with the name of its stage, in the order in which a turn needs them."""
        drafts = () if self.draft is None else (self.draft,)
        stages = (("ASR", self.asr), ("ASR", drafts), ("LLM", self.llm), ("TTS", self.tts))
        return [(stage, lender) for stage, lenders in stages for lender in lenders]

    async def close(self) -> None:
        for _, lender in self.every():
            await lender.close()
