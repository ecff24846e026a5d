"""Structured logging (structlog): ids and numbers only, never customers' words or secrets."""

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
    """Logs to standard error, as JSON or in columns for people. Libraries log warnings and errors only."""
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


def source_line(error: BaseException) -> str:
    """The innermost line of this repository in the error's traceback, as ``db/ids.py:12``; else of any code.

    For logs in place of the error's text, which may contain customers' words.
    """
    step, innermost, own = error.__traceback__, "", ""
    while step is not None:
        file = Path(step.tb_frame.f_code.co_filename)
        innermost = f"{file}:{step.tb_lineno}"
        if file.is_relative_to(_ROOT) and file.relative_to(_ROOT).parts[0] in _PACKAGES:
            own = f"{file.relative_to(_ROOT)}:{step.tb_lineno}"
        step = step.tb_next
    return own or innermost


def error_fields(error: BaseException) -> dict[str, str]:
    """Fields of a log line about an error: class, source line, SQLSTATE of a database error.

    The error's text, which may contain customers' words, only for ConnectFailed.
    """
    fields = {"error": type(list(driver_errors(error))[-1]).__name__, "where": source_line(error)}
    state = sqlstate_of(error)
    if state is not None:
        fields["sqlstate"] = state
    reason = next((str(each) for each in driver_errors(error) if isinstance(each, ConnectFailed)), None)
    if reason is not None:
        fields["reason"] = reason
    return fields


def retrieve_exception(task: asyncio.Task[object]) -> None:
    """Done callback of a task that may have no awaiter: else asyncio logs its error, text included."""
    if not task.cancelled():
        task.exception()
