"""Process supervisor of `voxloom up`: runs API and voice role, restarts them, and stops them on Ctrl-C."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import suppress

from rich.console import Console

from db.commands.sign_in import create_sign_in_token
from db.models.workers import EngineReport
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.queue.workers import find_alive
from graph.cli.address import base_url, console_url, listens, sign_in_link, voice_base_url
from graph.cli.python_module import python_module
from graph.voice.settings import VoiceSettings

#: More than VOXLOOM_DRAIN_SECONDS, in which running turns and calls may end.
_STOP_SECONDS = 45
_STARTS = 5
_RESTART_SECONDS = 1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_READY_CHECKS = 3000
_READY_CHECK_SECONDS = 0.2

_API = ("graph.cli.main", "serve")
_VOICE = ("graph.voice",)
_WORKER = ("inference.worker",)


async def supervise(settings: VoiceSettings, url: str, key: str) -> int:
    """Runs API and voice role until a signal, and restarts a process that ends by itself; returns the exit code.

    A worker runs too if the voice role takes no queued turns. If a process has used up its restarts, all stop, with
    exit code 1.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    environment = {**os.environ, "DATABASE_URL": url}
    modules = (_API, _VOICE) if settings.voice_takes_turns else (_API, _VOICE, _WORKER)
    parts = [asyncio.create_task(_keep_running(module, environment)) for module in modules]
    stop = asyncio.create_task(stopping.wait())
    ready = asyncio.create_task(_announce(settings, url, key))
    try:
        await asyncio.wait({*parts, stop}, return_when=asyncio.FIRST_COMPLETED)
        return 0 if stop.done() else 1
    finally:
        for task in (ready, stop, *parts):
            task.cancel()
        await asyncio.gather(ready, stop, *parts, return_exceptions=True)


async def _keep_running(module: tuple[str, ...], environment: dict[str, str]) -> None:
    """Runs a child until cancelled, which stops it too; returns when it ends too often or has bad settings."""
    for left in reversed(range(_STARTS)):
        # A session of its own: the terminal's Ctrl-C reaches the supervisor only, which stops children in order.
        child = await asyncio.create_subprocess_exec(
            *python_module(*module), env=environment, start_new_session=True, preexec_fn=_end_with_parent
        )
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _stop(child)
            raise
        if code == os.EX_CONFIG:
            Console(stderr=True).print(f"{module[0]} cannot use its settings; stopping the rest.", style="red")
            return
        again = f"starting it again ({left} times more)." if left else "stopping the rest."
        Console(stderr=True).print(f"{module[0]} ended by itself with exit code {code}; {again}", style="red")
        if left:
            await asyncio.sleep(_RESTART_SECONDS)


def _end_with_parent() -> None:
    """Runs in the child: Linux signals it when its parent dies (PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _announce(settings: VoiceSettings, url: str, key: str) -> None:
    """Waits until API and voice role listen and the models are loaded, then prints URLs and key."""
    console = Console(stderr=True)
    ports = (settings.port, settings.voice_port)
    database = Database(url, listen_url=settings.listen_url, pool=2)
    token: str | None = None
    try:
        engines: list[EngineReport] | None = None
        for _ in range(_READY_CHECKS):
            with suppress(*DATABASE_ERRORS):
                engines = await _tried_engines(database, settings)
            if engines is not None and all(listens(settings.host, port) for port in ports):
                break
            await asyncio.sleep(_READY_CHECK_SECONDS)
        if sys.stderr.isatty():  # else the output is kept somewhere, as a log
            with suppress(*DATABASE_ERRORS):
                token = await database.run(create_sign_in_token)
    finally:
        await database.close()
    for engine in engines or []:
        if engine["error"]:
            console.print(f"{engine['stage']} {engine['engine']} is not available: {engine['error']}", style="red")
    console.rule("VoxLoom is ready")
    for line in ready_lines(settings, key, token):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def ready_lines(settings: VoiceSettings, key: str, token: str | None = None) -> tuple[str, ...]:
    """The server's URLs and key. A configured key (VOXLOOM_API_KEY) is not printed, as output ends up in logs.

    ``token``: of the link that signs in to the web console; None for the console's address alone.
    """
    shown = key if settings.api_key is None else "$VOXLOOM_API_KEY"
    link = f"{console_url(settings)}  (voxloom console-link signs in)"
    return (
        f"Console    {link if token is None else sign_in_link(settings, token)}",
        f"GraphiQL   {base_url(settings)}/graphql",
        f"Calls      {voice_base_url(settings)}/v1/realtime",
        f"API key    {shown}",
        f'Headers    {{"Authorization": "Bearer {shown}"}}',
        "Try it     .venv/bin/voxloom demo; with your voice: .venv/bin/voxloom call",
        "Ctrl-C stops everything; all data is kept.",
    )


async def _tried_engines(database: Database, settings: VoiceSettings) -> list[EngineReport] | None:
    """The engines of a worker that has finished loading; None while there is none."""
    async with database.reading() as session:
        living = await find_alive(session, settings.live_worker_seconds)
    for worker in living:
        if worker.engines and all(engine["loaded"] or engine["error"] for engine in worker.engines):
            return list(worker.engines)
    return None
