"""The context that all checks share (settings), and the type of a check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from db.findings import Finding
from db.json_value import Json
from graph.settings import ApiSettings


@dataclass(slots=True)
class Context:
    """``faults``: errors in the settings, in which case ``settings`` has the defaults. ``worker``: the future output of
    the worker's checks (``inference.doctor``).
    """

    settings: ApiSettings
    faults: list[str] = field(default_factory=list)
    worker: asyncio.Future[dict[str, Json]] | None = None


#: Checks one subject. Expected errors become findings; any exception counts as a fault.
Check = Callable[[Context], Awaitable[Sequence[Finding]]]
