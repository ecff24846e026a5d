"""Fixtures: one Postgres per run, one migrated database per test, API and worker in the test's event loop."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from db.audio.decoder_pool import DecoderPool
from db.audio.store import TableStore
from db.commands.keys import create_key, find_key, hash_secret
from db.postgres.database import Database
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.migrate import migrate
from db.queue.jobs import queue_app
from db.settings import McpServerSettings
from db.viewer import Viewer
from graph.app import create_app
from graph.http.server import server_config
from graph.settings import ApiSettings
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines, Lender
from inference.settings import InferenceSettings
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.cancel_watch import CancelWatch
from inference.worker.runner import TurnRunner
from inference.worker.take_turns import register_turns, take_turns
from tests import fork_server
from tests.client import Client
from tests.order import pytest_collection_finish, pytest_collection_modifyitems
from tests.servers import running
from tests.wrong_statements import no_wrong_statement

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems"]  # hooks

# Pytest rewrites the assertions of the contract tests, to show their values.
pytest.register_assert_rewrite("inference.testing")

fork_server.install()

# Hypothesis draws the same examples each time, and an example may take long: 200 ms, its limit, pass on a busy machine.
# ``--hypothesis-profile=default`` draws others.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

_TEMPLATE = "voxloom_template"
_numbers = count(1)


@pytest.fixture(scope="session", autouse=True)
def forked_programs() -> Iterator[None]:
    """Stops the process of which programs are forked, if there is one."""
    yield
    fork_server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of the Postgres of this run."""
    # Not pytest's directory: as root, Postgres runs as another user, who must be able to reach it.
    directory = Path(tempfile.mkdtemp(prefix="voxloom-tests-"))
    directory.chmod(0o755)
    server = EmbeddedPostgres(directory)
    server.start()
    try:
        asyncio.run(_make_template(server.url))
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The directory of converted models and of vectors of agents' examples, which the processes of a run share.

    Each is made once a run, under its lock. The vectors, which are kept by the checksum of model and text, outlive it.
    """
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models"
    directory.mkdir(exist_ok=True)
    kept: pytest.Cache | None = getattr(pytestconfig, "cache", None)  # absent with -p no:cacheprovider
    if kept is not None:
        with suppress(FileExistsError):
            (directory / "prototypes").symlink_to(kept.mkdir("prototypes"))
    return directory


async def _make_template(url: str) -> None:
    # Data need not survive the run; without fsync a database per test is affordable.
    await _execute(url, "alter system set fsync = off")
    await _execute(url, "alter system set full_page_writes = off")
    await _execute(url, "select pg_reload_conf()")
    # Each test connects several times; the hash of the random password need not be slow.
    await _execute(url, f"set scram_iterations = 1; alter role current_user password '{urlsplit(url).password}'")
    await _execute(url, f"create database {_TEMPLATE}")
    await migrate(named(url, _TEMPLATE))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def named(url: str, database: str) -> str:
    """The URL of another database of the server."""
    return url.replace("/postgres?", f"/{database}?")


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """The URL of a migrated database for this test."""
    async with cloned(postgres) as url:
        yield url


@asynccontextmanager
async def cloned(postgres: str) -> AsyncIterator[str]:
    """The URL of a new database with all migrations, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    await _execute(postgres, f"create database {name} template {_TEMPLATE} strategy file_copy")
    yield named(postgres, name)
    await _execute(postgres, f"drop database {name} with (force)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def key(database: Database) -> str:
    """An API key of the tenant "acme"."""
    async with database.transaction() as session:
        return await create_key(session, name="test", tenant="acme")


@pytest.fixture
async def other_key(database: Database) -> str:
    """An API key of another tenant."""
    async with database.transaction() as session:
        return await create_key(session, name="test", tenant="rival")


async def holder_of(database: Database, secret: str) -> Viewer:
    """The holder of the key."""
    found = await find_key(database.reader, hash_secret(secret))
    assert found is not None
    return found.viewer


@pytest.fixture
async def viewer(database: Database, key: str) -> Viewer:
    return await holder_of(database, key)


@pytest.fixture
def api_settings(database_url: str) -> ApiSettings:
    return ApiSettings(database_url=database_url, host="127.0.0.1", port=0, max_audio_seconds=60, api_key=None)


@asynccontextmanager
async def served(settings: ApiSettings) -> AsyncIterator[str]:
    """The address of an API that runs in this event loop, on a free port. None of its reads may have wrong SQL."""
    assert settings.database_url is not None
    config = server_config(create_app(settings, settings.database_url), settings)
    with no_wrong_statement():
        async with running(config) as address:
            yield address


@pytest.fixture
async def api(api_settings: ApiSettings) -> AsyncIterator[str]:
    async with served(api_settings) as address:
        yield address


@pytest.fixture
async def client(api: str, key: str) -> AsyncIterator[Client]:
    async with Client(api, key) as opened:
        yield opened


@pytest.fixture
async def stranger(api: str, other_key: str) -> AsyncIterator[Client]:
    """A client of another tenant."""
    async with Client(api, other_key) as opened:
        yield opened


@pytest.fixture
def engines() -> Engines:
    """Fake engines, fast and deterministic; tests may override this fixture."""
    return lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())


def lent(
    asr: FakeTranscriber | Sequence[FakeTranscriber],
    llm: FakeChatModel | Sequence[FakeChatModel],
    tts: FakeSynthesizer | Sequence[FakeSynthesizer],
    draft: FakeTranscriber | None = None,
) -> Engines:
    """The engines of the worker, for each stage in order of preference."""
    return Engines(
        asr=tuple(Lender(each, wait_seconds=10) for each in ([asr] if isinstance(asr, FakeTranscriber) else asr)),
        draft=None if draft is None else Lender(draft, wait_seconds=10),
        llm=tuple(Lender(each, wait_seconds=10) for each in ([llm] if isinstance(llm, FakeChatModel) else llm)),
        tts=tuple(Lender(each, wait_seconds=10) for each in ([tts] if isinstance(tts, FakeSynthesizer) else tts)),
    )


@asynccontextmanager
async def working(
    database: Database, engines: Engines, *, capacity: int = 4, mcp_servers: Sequence[McpServerSettings] = ()
) -> AsyncIterator[None]:
    """A worker in this event loop."""
    settings = InferenceSettings(worker_capacity=capacity, drain_seconds=5, heartbeat_seconds=1)
    app = queue_app(database)
    async with (
        McpToolBox(database, mcp_servers) as toolbox,
        DecoderPool(2, wait_seconds=60) as decoder,
        app.open_async(),
    ):
        limits = TurnLimits(recording_seconds=60, stall_seconds=60, stage_seconds=120, tool_seconds=60)
        runner = TurnRunner(database, TableStore(), engines=engines, decoder=decoder, toolbox=toolbox, limits=limits)
        register_turns(app, runner)
        turns = asyncio.create_task(take_turns(app, database, settings, runner))
        watch = asyncio.create_task(CancelWatch(database, runner).run())
        try:
            yield
        finally:
            turns.cancel()
            watch.cancel()
            ended, _ = await asyncio.gather(turns, watch, return_exceptions=True)
            await engines.close()
            if isinstance(ended, Exception):
                raise ended


@pytest.fixture
async def worker(database: Database, engines: Engines) -> AsyncIterator[None]:
    async with working(database, engines):
        yield
