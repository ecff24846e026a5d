"""Lends engines to turns: each is loaded once and used by at most ``concurrency`` turns at a time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from db.errors import EngineUnavailable
from db.logs import retrieve_exception
from inference.ports import ChatModel, Engine, EngineInfo, StreamingTranscriber, Synthesizer, Transcriber

E = TypeVar("E", bound=Engine)

#: Seconds to wait for an engine to stop after its use was cancelled.
STOP_SECONDS = 2.0

log = structlog.get_logger(__name__)


def load_failure(engine: str, error: BaseException, install: str) -> EngineUnavailable:
    """What clients and the log are told of an engine that could not be imported, made or loaded.

    Of an unexpected error only its type and the line that raised it: its own text may name paths or hold secrets.
    ``install``: the command that installs what the engine imports, if known.
    """
    if isinstance(error, EngineUnavailable):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name:
        how = f" To install it: {install}" if install else ""
        return EngineUnavailable(
            f"The engine {engine} needs the module {error.name.partition('.')[0]}, which is not installed.{how}"
        )
    raised = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(raised.filename).name}:{raised.lineno}"
    return EngineUnavailable(f"The engine {engine} cannot be loaded: {type(error).__name__} at {place}.")


class Lender(Generic[E]):
    """One engine, and a semaphore with a bounded wait.

    ``load_seconds``: time limit of its loading; ``install``: the command that installs what it imports, if known.
    """

    def __init__(self, engine: E, *, wait_seconds: float, load_seconds: float = 600, install: str = "") -> None:
        self._engine = engine
        self._install = install
        self._wait_seconds = wait_seconds
        self._places = asyncio.Semaphore(engine.concurrency)
        self._load_seconds = load_seconds
        self._loading: asyncio.Task[None] | None = None
        self._loading_since = 0.0
        #: Cancelled uses that have not ended yet.
        self._stopping: set[asyncio.Task[None]] = set()
        self.loaded = False
        #: The reason why the last ``load`` failed; None if it did not.
        self.error: str | None = None

    @property
    def unavailable(self) -> str | None:
        """Why the engine could not be imported or made; None if it was."""
        reason: str | None = getattr(self._engine, "reason", None)
        return reason

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def supports(self, language: str) -> bool:
        return not self.info.languages or language in self.info.languages

    def has_voice(self, voice: str | None) -> bool:
        """Whether the engine may have a voice of this name; None is its default. An engine may not tell its voices."""
        return voice is None or not self.info.voices or voice in self.info.voices

    async def load(self) -> None:
        """Loads the engine once. Raises EngineUnavailable with the reason, or after ``load_seconds``.

        A load past its time limit goes on, since a download's thread cannot be stopped; later callers may use it.
        """
        if self.loaded:
            return
        loop = asyncio.get_running_loop()
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="load-engine")
            self._loading.add_done_callback(retrieve_exception)
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
        except Exception as error:
            reason = load_failure(self.info.engine, error, self._install)
            self.error = reason.message
            raise reason from (None if reason is error else error)
        self.loaded, self.error = True, None
        log.info("engine_loaded", engine=self.info.engine, model=self.info.model)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[E]:
        """Lends the engine for the duration of the context. Raises EngineUnavailable after ``wait_seconds``."""
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
        """Cancels a use of the engine and waits at most ``STOP_SECONDS`` for it.

        Native code may ignore the cancellation: its task then keeps the engine, and the caller goes on.
        """
        use.add_done_callback(retrieve_exception)
        if use.done():
            return
        self._stopping.add(use)
        use.add_done_callback(self._stopping.discard)
        use.cancel()
        await asyncio.wait({use}, timeout=STOP_SECONDS)
        if not use.done():
            log.warning("engine_does_not_stop", engine=self.info.engine, model=self.info.model)

    async def close(self) -> None:
        """Closes the engine, unless native code that ignored its cancellation still loads or uses it."""
        if self._loading is not None and not self._loading.done():
            self._loading.cancel()
            await asyncio.wait({self._loading}, timeout=STOP_SECONDS)
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=STOP_SECONDS)
        if self.loaded and not self._stopping:
            self.loaded = False
            await self._engine.close()


#: Names of engines in order of preference; None for those of the settings.
Names = Sequence[str] | None

AnyLender = Lender[Transcriber] | Lender[StreamingTranscriber] | Lender[ChatModel] | Lender[Synthesizer]


def _preferred(lenders: Sequence[Lender[E]], offered: Sequence[Lender[E]], names: Names) -> tuple[Lender[E], ...]:
    """The engines of these names, in their order; those of the settings if there are no names."""
    if names is None:
        return tuple(lenders)
    there = {lender.info.engine: lender for lender in (*offered, *lenders)}
    return tuple(there[name] for name in names if name in there)


@dataclass(frozen=True, slots=True)
class OfferedEngines:
    """Engines that are used only where a session or its agent names them."""

    asr: tuple[Lender[Transcriber], ...] = ()
    llm: tuple[Lender[ChatModel], ...] = ()
    tts: tuple[Lender[Synthesizer], ...] = ()


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a worker, for each stage in order of preference.

    ``draft``: the engine that gives quick partial transcripts while an engine of ``asr`` works; None for none.
    """

    asr: tuple[Lender[Transcriber], ...]
    draft: Lender[Transcriber] | None
    llm: tuple[Lender[ChatModel], ...]
    tts: tuple[Lender[Synthesizer], ...]
    offered: OfferedEngines = field(default_factory=OfferedEngines)

    def preferred(self, *, asr: Names, llm: Names, tts: Names) -> Engines:
        """The engines of these names, for each stage in their order; None: those of the settings.

        A stage of which no named engine is here has none.
        """
        return Engines(
            asr=_preferred(self.asr, self.offered.asr, asr),
            draft=self.draft,
            llm=_preferred(self.llm, self.offered.llm, llm),
            tts=_preferred(self.tts, self.offered.tts, tts),
        )

    def every(self) -> list[tuple[str, AnyLender]]:
        """All engines with their stages, in the order of the pipeline."""
        drafts = () if self.draft is None else (self.draft,)
        stages = (
            ("ASR", (*self.asr, *self.offered.asr)),
            ("ASR", drafts),
            ("LLM", (*self.llm, *self.offered.llm)),
            ("TTS", (*self.tts, *self.offered.tts)),
        )
        return [(stage, lender) for stage, lenders in stages for lender in lenders]

    @property
    def reply_languages(self) -> tuple[str, ...]:
        """The languages that the language models support, ISO 639-1; empty if one supports any."""
        known = [lender.info.languages for lender in self.llm]
        return () if not all(known) else tuple(dict.fromkeys(each for languages in known for each in languages))

    async def close(self) -> None:
        for _, lender in self.every():
            await lender.close()
