"""Fixture: an API with default limits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import cloned
from tests.graph.edge import Edge, opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url) as running:
        yield running
