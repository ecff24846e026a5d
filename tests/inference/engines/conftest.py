"""Engines that several test modules share, loaded once."""

from __future__ import annotations

import asyncio

import pytest

from inference.engines.scripted.engine import ScriptedEngine


@pytest.fixture(scope="session")
def scripted() -> ScriptedEngine:
    engine = ScriptedEngine(threads=2)
    asyncio.run(engine.load())
    return engine
