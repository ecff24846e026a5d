"""Commands that send turns wait until the models of the workers are loaded."""

from __future__ import annotations

from io import StringIO
from typing import cast

import pytest
from rich.console import Console

from graph.cli import loaded
from graph.cli.api_client import ApiClient, ServerObject

_WAITING = {"stage": "ASR", "engine": "whisper", "loaded": 0, "error": None}
_READY = {"stage": "ASR", "engine": "whisper", "loaded": 1, "error": None}
_FAILED = {"stage": "TTS", "engine": "espnet", "loaded": 0, "error": "no weights"}


class Answers:
    """Answers of an API, the last one again and again."""

    def __init__(self, *engines: list[ServerObject]) -> None:
        self._engines = list(engines)
        self.asked = 0

    async def call(self, _query: str) -> ServerObject:
        self.asked += 1
        found = self._engines.pop(0) if len(self._engines) > 1 else self._engines[0]
        return {"capabilities": {"engines": found}}


@pytest.mark.parametrize(
    ("answers", "asked"),
    [([[]], 1), ([[_READY, _FAILED]], 1), ([[_WAITING, _FAILED], [_WAITING], [_READY]], 3), ([[_WAITING]], 5)],
    ids=["no worker", "loaded or failed", "loading", "loading for ever"],
)
async def test_waiting(monkeypatch: pytest.MonkeyPatch, answers: list[list[ServerObject]], asked: int) -> None:
    monkeypatch.setattr(loaded, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(loaded, "_LOOKS", 5)
    api, told = Answers(*answers), StringIO()
    found = await loaded.wait_until_loaded(cast("ApiClient", api), Console(file=told, width=200))
    assert (api.asked, found) == (asked, answers[-1])
    assert told.getvalue() == ("Waiting until models are loaded: whisper\n" if asked > 1 else "")
