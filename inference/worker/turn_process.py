"""What a process that runs turns is made of; the worker and the voice role build it here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from procrastinate import App

from db.audio.decoder_pool import DecoderPool
from db.audio.store import AudioStore, BucketStore, open_audio_store
from db.audio.sweep import sweep_periodically
from db.enums import WorkerRole
from db.errors import EngineUnavailable
from db.postgres.database import Database
from db.queue.jobs import queue_app
from inference.engines.scripted.reading.choice import choose_reader
from inference.journal.call_recordings import store_left_recordings
from inference.knowledge.embedder import E5Embedder
from inference.knowledge.indexer import KnowledgeIndexer
from inference.lender import AnyLender, Engines
from inference.ports import TextEmbedder
from inference.settings import InferenceSettings
from inference.text.language_id import TextLanguage
from inference.tools.client import McpToolBox
from inference.turn.attempt import TurnSetup
from inference.turn.guard.reading import DialogueReader
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryPolicy
from inference.worker.abandoned_calls import AbandonedCalls
from inference.worker.cancel_watch import CancelWatch
from inference.worker.heartbeat import WorkerHeartbeat
from inference.worker.memory import give_back_periodically
from inference.worker.runner import TurnRunner
from inference.worker.take_turns import register_turns, take_turns

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TurnParts:
    """The parts that all turns of a process share. ``setup``: what their pipelines run with."""

    settings: InferenceSettings
    database: Database
    engines: Engines
    store: AudioStore
    setup: TurnSetup
    queue: App
    runner: TurnRunner
    embedder: TextEmbedder


@asynccontextmanager
async def turn_parts(settings: InferenceSettings, url: str, engines: Engines) -> AsyncIterator[TurnParts]:
    """Opens the parts, closed with the context; the engines are not loaded."""
    async with AsyncExitStack() as stack:
        database = Database(
            url,
            listen_url=settings.listen_url,
            pool=settings.database_pool,
            timeout_seconds=settings.database_timeout_seconds,
        )
        stack.push_async_callback(database.close)
        stack.push_async_callback(engines.close)
        decoders = await stack.enter_async_context(
            DecoderPool(
                settings.decoder_processes,
                wait_seconds=settings.engine_wait_seconds,
                customer_channel=settings.customer_channel,
            )
        )
        await decoders.start()
        embedder = E5Embedder(settings.model_threads)
        stack.callback(embedder.close)
        toolbox = await stack.enter_async_context(
            McpToolBox(
                database,
                settings.mcp_servers,
                timeout_seconds=settings.tool_timeout_seconds,
                embedder=embedder,
            )
        )
        queue = queue_app(database)
        await stack.enter_async_context(queue.open_async())
        limits = TurnLimits(
            recording_seconds=settings.max_audio_seconds,
            stall_seconds=settings.engine_stall_seconds,
            stage_seconds=settings.stage_timeout_seconds,
            tool_seconds=settings.tool_timeout_seconds,
            retry=RetryPolicy(settings.engine_tries, settings.engine_retry_pause_seconds),
        )
        store = open_audio_store(settings.audio_store_url)
        spoken = {language for lender in engines.llm for language in lender.info.languages}
        texts = await asyncio.to_thread(TextLanguage, sorted(spoken))
        runner = TurnRunner(
            database,
            store,
            engines=engines,
            decoder=decoders,
            toolbox=toolbox,
            limits=limits,
            language_of=texts.of,
            reader=choose_reader(settings),
        )
        register_turns(queue, runner)
        yield TurnParts(settings, database, engines, store, runner.setup, queue, runner, embedder)


async def run_turns(
    parts: TurnParts,
    stop: asyncio.Event,
    *,
    role: WorkerRole = WorkerRole.WORKER,
    queue: bool = True,
    beside: Sequence[Coroutine[Any, Any, None]] = (),
    drain: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Loads the engines and runs queued turns until ``stop`` is set; then drains the queue (``take_turns``).

    ``role``: what the process is registered as. ``queue``: whether queued turns are taken. ``beside``: work of the
    process, which ends when one of it ends; it is cancelled after the drain. ``drain``: what else is to end then,
    beside the queue. Raises what made the process end.
    """
    database, runner = parts.database, parts.runner
    heartbeat = WorkerHeartbeat(database, parts.engines, parts.settings, role)
    work = take_turns(parts.queue, database, parts.settings, runner) if queue else stop.wait()
    turns: asyncio.Task[object] = asyncio.create_task(work, name="turns")
    helpers = [
        asyncio.create_task(heartbeat.run(), name="heartbeat"),
        asyncio.create_task(CancelWatch(database, runner).run(), name="cancel-watch"),
        asyncio.create_task(give_back_periodically(), name="memory"),
        asyncio.create_task(AbandonedCalls(database).run(), name="abandoned-calls"),
        *(asyncio.create_task(each) for each in beside),
    ]
    if queue:
        indexer = KnowledgeIndexer(database, parts.embedder)
        helpers.append(asyncio.create_task(indexer.run(), name="knowledge"))
    left = store_left_recordings(database, parts.store)
    helpers.append(asyncio.create_task(left, name="left-recordings"))
    if isinstance(parts.store, BucketStore):
        helpers.append(asyncio.create_task(sweep_periodically(database, parts.store), name="audio-sweep"))
    loading = asyncio.create_task(load_all(parts.engines, parts.setup.reader), name="loading")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({turns, *helpers, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        log.info("worker_stopping")
        turns.cancel()  # Procrastinate drains on cancellation, within its graceful time-out
        draining = () if drain is None else (drain(),)
        ended = await asyncio.gather(turns, *draining, return_exceptions=True)
        for task in (*helpers, loading, stopped):
            task.cancel()
        others = await asyncio.gather(*helpers, loading, stopped, return_exceptions=True)
        await heartbeat.leave()
        for result in (*ended, *others):
            if isinstance(result, Exception):
                raise result


async def load_all(engines: Engines, reader: DialogueReader) -> None:
    """Loads all engines and the guard's reader at start, not with the first turn; logs what cannot be loaded."""

    async def load(stage: str, lender: AnyLender) -> None:
        try:
            await lender.load()
        except EngineUnavailable as error:
            log.error("engine_unavailable", stage=stage, engine=lender.info.engine, reason=error.message)

    await asyncio.gather(reader.load(), *(load(stage, lender) for stage, lender in engines.every()))
