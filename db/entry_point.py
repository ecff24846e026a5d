"""Entry point of command-line programs: errors as one line on standard error, exit codes, signals.

Imports are deferred, so that Ctrl-C is handled while a program still imports.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TextIO

#: Exit codes of a termination by a signal, as in shells: 128 + its number.
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

#: Exit code for a closed pipe, as in Python's documentation of SIGPIPE and in Typer.
PIPE_CLOSED = 1

USAGE_ERROR = 2


class UsageError(Exception):
    """Wrong options or arguments. The message is one line; the exit code is 2."""


def run_command(work: Callable[[], int | None]) -> NoReturn:
    """Runs ``work`` and exits with the code that it returns (None: 0).

    SIGTERM unwinds the stack, so that started processes are stopped. A closed standard output (broken pipe) ends the
    program silently. A bug (``db.exit_message`` returns None) keeps its traceback.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    if sys.stdout is None:  # the parent process closed it
        sys.exit("Standard output is closed.")
    try:
        _expect_lost_connections()
        code = work() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        _fail("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        _discard(sys.stdout)
        sys.exit(PIPE_CLOSED)
    except UsageError as error:
        _fail(str(error), USAGE_ERROR)
    except Exception as error:
        from db.exit_message import exit_code, exit_message  # noqa: PLC0415 - see above

        _discard(sys.stdout)
        line = exit_message(error)
        if line is None:
            raise
        _fail(line, exit_code(error))
    sys.exit(code)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection within: for imports, a sixth of whose time it takes, as all that is new stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _expect_lost_connections() -> None:
    """Keeps asyncio from logging futures that asyncpg abandons when a connection attempt is interrupted."""
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


def _discard(stream: TextIO) -> None:
    """Discards buffered output that cannot be written: it would be a second error when the interpreter exits."""
    try:
        stream.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
