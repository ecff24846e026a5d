"""Fixtures: an API shared by the tests of a module; each test has its own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from db.feed.feed import Feed
from graph import app
from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import Edge, opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, max_audio_bytes=300_000) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def acme(edge: Edge) -> AsyncIterator[Client]:
    async with edge.tenant() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def rival(edge: Edge) -> AsyncIterator[Client]:
    async with edge.tenant() as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def feeds() -> AsyncIterator[list[Feed]]:
    """The feeds of the APIs that were opened since."""
    made: list[Feed] = []

    def remember(*given: Any) -> Feed:
        made.append(Feed(*given))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Feed", remember)
        yield made
