"""Logs: one line a happening, ids and numbers only; what people said and secrets never go into one."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import structlog

from db.errors import ConnectFailed
from db.sqlstate import driver_errors, sqlstate_of

_ROOT = Path(__file__).parent.parent
_PACKAGES = ("db", "graph", "inference", "migrations")


def configure_logging(*, json: bool) -> None:
    """Everything to standard error: as JSON for machines, in columns for people. Libraries log warnings and up."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    renderer = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def place_of(error: BaseException) -> str:
    """The line of this repository that an error passed last, as ``db/ids.py:12``, or where it was raised elsewhere.

    Without any value: an error's own text may hold what somebody said.
    """
    step, place, own = error.__traceback__, "", ""
    while step is not None:
        file = Path(step.tb_frame.f_code.co_filename)
        place = f"{file}:{step.tb_lineno}"
        if file.is_relative_to(_ROOT) and file.relative_to(_ROOT).parts[0] in _PACKAGES:
            own = f"{file.relative_to(_ROOT)}:{step.tb_lineno}"
        step = step.tb_next
    return own or place


def error_fields(error: BaseException) -> dict[str, str]:
    """What a log line tells of an error: its name, its SQLSTATE if the database raised it, and the line of our own.

    Its text only where that is about reaching the server, for it may hold what somebody said.
    """
    fields = {"error": type(list(driver_errors(error))[-1]).__name__, "where": place_of(error)}
    state = sqlstate_of(error)
    if state is not None:
        fields["sqlstate"] = state
    reason = next((str(each) for each in driver_errors(error) if isinstance(each, ConnectFailed)), None)
    if reason is not None:
        fields["reason"] = reason
    return fields


def looked_at(task: asyncio.Task[object]) -> None:
    """For ``add_done_callback``: who waited may be gone, and asyncio would log the error's own text."""
    if not task.cancelled():
        task.exception()
