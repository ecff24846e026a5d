"""Fixtures for tests of db/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import asyncpg
import pytest

from tests.conftest import named

_numbers = count(1)


@pytest.fixture
async def empty(postgres: str) -> AsyncIterator[str]:
    """The URL of a database without any tables."""
    name = f"empty_{next(_numbers)}"
    connection = await asyncpg.connect(postgres)
    await connection.execute(f"create database {name}")
    yield named(postgres, name)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()
