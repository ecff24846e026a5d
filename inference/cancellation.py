"""Waiting for what cannot be cancelled: a model that runs in a thread."""

from __future__ import annotations

import asyncio
from typing import Any


async def outlast_cancellation(running: asyncio.Future[Any]) -> None:
    """Waits for ``running`` even if the task is cancelled, then raises the cancellation.

    Ignores the result and the error of ``running``.
    """
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as exc:
            cancelled = exc
    if not running.cancelled():
        running.exception()  # marks it as retrieved
    if cancelled is not None:
        raise cancelled
