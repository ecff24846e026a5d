"""Fixtures: one server with fake engines and one browser for each file of tests; each test has its own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from tests.client import Client
from tests.conftest import cloned, lent, working
from tests.console.page import ConsolePage, chromium, console_page
from tests.graph.edge import Edge, opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    """An API and a worker with fake engines."""
    async with (
        cloned(postgres) as url,
        opened(url) as running,
        working(running.database, lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())),
    ):
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def acme(edge: Edge) -> AsyncIterator[Client]:
    """A client of the API with a key of a new tenant."""
    async with edge.tenant() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def console(edge: Edge, browser: Browser) -> AsyncIterator[ConsolePage]:
    """A page that is not signed in. In the end it has complained of nothing, and asked no other host."""
    async with console_page(browser, edge.address) as page:
        yield page
        assert page.complaints == []
        assert all(host.startswith("127.0.0.1:") for host in page.hosts)
