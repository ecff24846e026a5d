"""`voxloom up`: Postgres, API and worker as one thing that a Ctrl-C ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

from rich.console import Console

from db.engine import Database
from db.errors import BadUserInput
from db.workers import alive
from graph.settings import ApiSettings

_STOP_SECONDS = 30
_READY_CHECKS = 3000
_READY_CHECK_SECONDS = 0.2

_API = ("graph.cli", "serve")
_WORKER = ("inference.worker",)


def check_port(settings: ApiSettings) -> None:
    """Raises BadUserInput if somebody else listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise BadUserInput(f"Port {settings.port} is taken: set VOXLOOM_PORT to a free one.") from None


async def supervise(settings: ApiSettings, url: str, key: str) -> int:
    """Runs API and worker until a signal comes or one of them ends; returns the exit code."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    environment = {**os.environ, "DATABASE_URL": url}
    children = [await _start(module, environment) for module in (_API, _WORKER)]
    ends = [asyncio.create_task(child.wait()) for child in children]
    stop = asyncio.create_task(stopping.wait())
    ready = asyncio.create_task(_announce(settings, url, key))
    code = 0
    try:
        await asyncio.wait({*ends, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.done():
            code = 1
            Console(stderr=True).print("A part of VoxLoom ended by itself; stopping the rest.", style="red")
    finally:
        for task in (ready, stop):
            task.cancel()
        await asyncio.gather(ready, stop, return_exceptions=True)
        await _stop(children)
        await asyncio.gather(*ends, return_exceptions=True)
    return code


async def _start(module: tuple[str, ...], environment: dict[str, str]) -> asyncio.subprocess.Process:
    """A child in a session of its own, so that the terminal's Ctrl-C reaches only us, and the order is ours."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", *module, env=environment, start_new_session=True)


async def _stop(children: list[asyncio.subprocess.Process]) -> None:
    for child in children:
        if child.returncode is None:
            child.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await asyncio.gather(*(child.wait() for child in children))
    except TimeoutError:
        for child in children:
            with suppress(ProcessLookupError):
                child.kill()


async def _announce(settings: ApiSettings, url: str, key: str) -> None:
    """Waits until the API listens and a worker has its models, then says where and how to talk to it."""
    console = Console(stderr=True)
    database = Database(url, pool=2)
    try:
        engines: list[dict[str, Any]] | None = None
        for _ in range(_READY_CHECKS):
            engines = await _tried_engines(database)
            if engines is not None and _listens(settings):
                break
            await asyncio.sleep(_READY_CHECK_SECONDS)
    finally:
        await database.close()
    for engine in engines or []:
        if engine["error"]:
            console.print(f"{engine['stage']} {engine['engine']} is not available: {engine['error']}", style="red")
    address = f"http://{settings.host}:{settings.port}/graphql"
    console.rule("VoxLoom is ready")
    for line in (
        f"GraphiQL   {address}",
        f"API key    {key}",
        f'Headers    {{"Authorization": "Bearer {key}"}}',
        "Try it     .venv/bin/voxloom demo",
        "Ctrl-C stops everything; what was said and done is kept.",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _listens(settings: ApiSettings) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((settings.host, settings.port)) == 0


async def _tried_engines(database: Database) -> list[dict[str, Any]] | None:
    """The engines of a worker that has loaded all it can; null while there is none."""
    async with database.reading() as session:
        living = await alive(session, 60)
    for worker in living:
        if worker.engines and all(engine["loaded"] or engine["error"] for engine in worker.engines):
            return list(worker.engines)
    return None
