"""Precondition of the benchmarks: every server returns the same values of the same rows for a selection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from tests.bench.rig import Server
from tests.bench.selections import body


def leaves(value: Any) -> int:
    """How many scalars an answer holds; null is one."""
    if isinstance(value, dict):
        return sum(leaves(each) for each in value.values())
    if isinstance(value, list):
        return sum(leaves(each) for each in value)
    return 1


def _texts(value: Any, name: str = "") -> Counter[str]:
    """All strings and numbers, but times: those are written in different ways."""
    if isinstance(value, dict):
        return sum((_texts(each, key) for key, each in value.items()), Counter())
    if isinstance(value, list):
        return sum((_texts(each, name) for each in value), Counter())
    return Counter() if name.endswith("At") else Counter([str(float(value)) if _number(value) else str(value)])


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


async def answers_agree(servers: Sequence[Server], selection: Mapping[str, str], session: UUID) -> tuple[int, int]:
    """The number of leaf fields, and of bytes, of the first server's answer. Raises if another one's values differ."""
    seen: list[tuple[Server, int, Counter[str], int]] = []
    async with httpx.AsyncClient(timeout=60) as http:
        for server in servers:
            answer = await http.post(
                f"http://127.0.0.1:{server.port}/graphql",
                content=body(selection[server.kind.dialect], session),
                headers={"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"},
            )
            result = answer.json()
            if answer.status_code != 200 or result.get("errors"):
                raise RuntimeError(f"{server.name} answered {answer.status_code}: {answer.text[:500]}")
            seen.append((server, leaves(result["data"]), _texts(result["data"]), len(answer.content)))
    first, count, texts, size = seen[0]
    for server, others_count, others_texts, _ in seen[1:]:
        if (others_count, others_texts) != (count, texts):
            odd = (texts - others_texts) + (others_texts - texts)
            raise RuntimeError(
                f"{first.name} answers {count} fields, {server.name} {others_count}; different: {odd.most_common(5)}"
            )
    return count, size
