"""Runs the body of a command-line program: every mistake is one line on standard error and a non-zero exit code.

Nothing is imported here before it is needed, so that Ctrl-C is answered in one line while a program still imports.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TextIO

#: As shells count an end by a signal: 128 and its number.
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

#: As Python's documentation of SIGPIPE has it, and Typer for what is written within a command.
PIPE_CLOSED = 1

USAGE_ERROR = 2


class UsageError(Exception):
    """Wrong options or arguments. The message is one line; the exit code is 2."""


def run_command(work: Callable[[], int | None]) -> NoReturn:
    """Runs ``work`` and exits with the code that it returns (None: 0).

    SIGTERM unwinds the stack, so that whatever was started is stopped. A reader of standard output that went away ends
    the program without a word. An error that is no mistake of the operator's (``db.exit_message``) keeps its traceback.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    if sys.stdout is None:  # closed by who started this; whatever is printed has nowhere to go
        sys.exit("Standard output is closed.")
    try:
        _expect_lost_connections()
        code = work() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        _fail("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        _give_up(sys.stdout)
        sys.exit(PIPE_CLOSED)
    except UsageError as error:
        _fail(str(error), USAGE_ERROR)
    except Exception as error:
        from db.exit_message import exit_code, exit_message  # noqa: PLC0415 - see above

        _give_up(sys.stdout)
        line = exit_message(error)
        if line is None:
            raise
        _fail(line, exit_code(error))
    sys.exit(code)


def _expect_lost_connections() -> None:
    """Keeps asyncio from logging what asyncpg leaves behind when an attempt to connect is interrupted."""
    import logging  # noqa: PLC0415 - see above

    def is_news(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, ConnectionError) and "never retrieved" in record.getMessage())

    logging.getLogger("asyncio").addFilter(is_news)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


def _fail(line: str, code: int) -> NoReturn:
    sys.stderr.write(" ".join(line.split()) + "\n")
    sys.exit(code)


def _give_up(stream: TextIO) -> None:
    """What is still buffered and cannot be written would be a second error, at the end of the interpreter."""
    try:
        stream.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
