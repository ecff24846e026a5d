"""Fixtures: an endpoint over calls that the test steers, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from graph.voice.realtime.connection import ConnectionLimits
from tests.graph.voice.realtime.fakes import FakeReception, realtime_server


@pytest.fixture
def reception() -> FakeReception:
    return FakeReception()


@pytest.fixture
def limits() -> ConnectionLimits:
    return ConnectionLimits(idle_seconds=5, stall_seconds=1)


@pytest.fixture
async def address(reception: FakeReception, limits: ConnectionLimits) -> AsyncIterator[str]:
    async with realtime_server(reception, limits) as running:
        yield running
