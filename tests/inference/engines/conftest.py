"""Fixtures: engines that several test modules share, loaded once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from inference.engines.scripted.engine import ScriptedEngine


@pytest.fixture(scope="session")
def scripted(pytestconfig: pytest.Config) -> ScriptedEngine:
    # Vectors of prototypes outlive a run: computing them takes longer than all tests.
    directory = pytestconfig.cache.mkdir("prototypes") if pytestconfig.cache else None
    engine = ScriptedEngine(threads=2, directory=directory)
    # In a thread of its own, since an event loop may run already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(engine.load())).result()
    return engine
