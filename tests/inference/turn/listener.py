"""A listener that keeps what it gets of a reply, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.json_value import Json
from inference.ports import Speech


class MemoryListener:
    """Implements ``inference.ports.ReplyListener``. ``error``: raised by the first call."""

    def __init__(self, error: Exception | None = None) -> None:
        self.got: list[tuple[str, Any]] = []
        self._error = error

    @property
    def pieces(self) -> list[Speech]:
        return [what for name, what in self.got if name == "piece"]

    @property
    def text(self) -> str:
        return "".join(what for name, what in self.got if name == "text")

    async def _note(self, name: str, what: Any = None) -> None:
        if self._error is not None:
            raise self._error
        self.got.append((name, what))

    async def reply_restarted(self) -> None:
        await self._note("restarted")

    async def reply_text(self, delta: str) -> None:
        await self._note("text", delta)

    async def reply_piece(self, speech: Speech) -> None:
        await self._note("piece", speech)

    async def reply_details(self, details: Mapping[str, Json]) -> None:
        await self._note("details", details)

    async def tool_started(self, call_id: str, name: str) -> None:
        await self._note("tool_started", (call_id, name))

    async def tool_finished(self, call_id: str, name: str, *, ok: bool) -> None:
        await self._note("tool_finished", (call_id, name, ok))
