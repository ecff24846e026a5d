"""A short chaos test: one fault of each kind, under load."""

from __future__ import annotations

import random

import pytest

from tests.chaos.run import run


@pytest.mark.timeout(240)
async def test_nothing_is_lost_or_duplicated() -> None:
    outcome = await run(random.Random(1), faults=10, sessions=12, pause=(1.5, 3))
    assert len(outcome.faults) == 10
    assert {row.name: row.number for row in outcome.rows}["completed"] >= 20
    assert outcome.wrong == {}, f"logs: {outcome.directory}"
