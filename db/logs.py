"""Logs: one line a happening, ids and numbers only; what people said and secrets never go into one."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import structlog


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
    """Where an error was raised, without any value: an error's own text may hold what somebody said."""
    step, place = error.__traceback__, ""
    while step is not None:
        place = f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}"
        step = step.tb_next
    return place


def looked_at(task: asyncio.Task[Any]) -> None:
    """For ``add_done_callback``: who waited may be gone, and asyncio would log the error's own text."""
    if not task.cancelled():
        task.exception()
