"""What the checks share: the settings, and what a check is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from db.findings import Finding
from db.json_value import Json
from graph.settings import ApiSettings


@dataclass(slots=True)
class Context:
    """``faults``: what is wrong with the settings; then ``settings`` holds the defaults. ``worker``: what the worker's
    own checks print, once they have ended (``inference.doctor``).
    """

    settings: ApiSettings
    faults: list[str] = field(default_factory=list)
    worker: asyncio.Future[dict[str, Json]] | None = None


#: Looks at one subject. Raises nothing that it can name: whatever it raises is a fault of the subject.
Check = Callable[[Context], Awaitable[Sequence[Finding]]]
