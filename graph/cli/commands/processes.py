"""``voxloom up``, ``serve``, ``voice`` and ``worker``: the processes of VoxLoom."""

from __future__ import annotations

import asyncio
import os
import sys

import typer

from db.entry_point import uncollected
from db.load_settings import load_settings
from graph.cli.local_key import local_key
from graph.cli.python_module import python_module
from graph.http.port import check_port
from graph.settings import ApiSettings
from graph.voice.settings import VoiceSettings


def up() -> None:
    """Start everything here: Postgres, migrations, API, and the voice role, which runs turns too.

    Ctrl-C stops it; all data is kept. With DATABASE_URL set, that Postgres is used instead.
    """
    settings = load_settings(VoiceSettings)
    from db.logs import configure_logging  # noqa: PLC0415 - the other commands do without it

    configure_logging(json=not sys.stderr.isatty())
    check_port(settings.host, settings.port)
    check_port(settings.host, settings.voice_port, "VOXLOOM_VOICE_PORT")
    from graph.cli.bootstrap import postgres, prepare  # noqa: PLC0415 - likewise
    from graph.cli.supervisor import supervise  # noqa: PLC0415 - likewise

    with postgres(settings) as url:
        key = local_key(settings)
        prepare(settings, url, key)
        raise typer.Exit(asyncio.run(supervise(settings, url, key)))


def serve() -> None:
    """Start the API only; workers run elsewhere.

    Run `voxloom migrate` before. Without a worker, turns wait in the queue.
    """
    settings = load_settings(ApiSettings)
    from db.logs import configure_logging  # noqa: PLC0415 - the other commands do without it

    configure_logging(json=not sys.stderr.isatty())
    check_port(settings.host, settings.port)

    from db.postgres.check import check_database, check_schema  # noqa: PLC0415 - likewise
    from graph.cli.bootstrap import postgres  # noqa: PLC0415 - likewise

    with postgres(settings) as url:
        asyncio.run(check_database(url, settings.listen_url))
        asyncio.run(check_schema(url))

        with uncollected():
            from graph.app import create_app  # noqa: PLC0415 - a database that cannot be used is told before
            from graph.http.memory import configure_collector  # noqa: PLC0415 - likewise
            from graph.http.server import serve as serve_api  # noqa: PLC0415 - likewise

        api = create_app(settings, url)
        configure_collector()
        serve_api(api, settings)


def voice() -> None:
    """Start the voice role: it loads the models, takes live calls, and runs turns too.

    It needs DATABASE_URL. VOXLOOM_VOICE_TAKES_TURNS=false leaves queued turns to the workers.
    """
    _become("graph.voice")


def worker() -> None:
    """Start one more worker: it loads the models and runs turns.

    It needs DATABASE_URL. Start as many as the machines allow; if a worker dies, others take over its turns.
    """
    _become("inference.worker")


def _become(module: str) -> None:
    """Runs a module in the place of this process, which has loaded what the module does not need."""
    command = python_module(module)
    os.execv(command[0], command)  # noqa: S606 - this same Python
