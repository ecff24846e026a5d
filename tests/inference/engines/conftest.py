"""Fixtures: engines that several test modules share, loaded once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference.engines.scripted.engine import ScriptedEngine


@pytest.fixture(scope="session")
def scripted(model_dir: Path) -> ScriptedEngine:
    engine = ScriptedEngine(threads=1, directory=model_dir / "prototypes")
    # In a thread of its own, since an event loop may run already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(engine.load())).result()
    return engine
