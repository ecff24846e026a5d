"""The passages of knowledge that a reply was written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from db.agents.tool_names import SEARCH_KNOWLEDGE
from inference.ports import Citation, CompletedToolCall, HistoryItem

_MAX_CITATIONS = 10


def citations_of(used: Iterable[HistoryItem]) -> tuple[Citation, ...]:
    """The passages that the turn's searches found, each once, in their order."""
    found: dict[Citation, None] = {}
    for call in used:
        if isinstance(call, CompletedToolCall) and call.name == SEARCH_KNOWLEDGE and call.result.get("ok"):
            passages = call.result.get("passages")
            for each in passages if isinstance(passages, list) else []:
                if isinstance(each, Mapping):
                    found[Citation(*(str(each.get(key, "")) for key in ("source", "heading", "passage")))] = None
    return tuple(found)[:_MAX_CITATIONS]
