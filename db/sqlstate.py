"""The SQLSTATE of an error, whichever driver raised it and whatever it was wrapped in.

Told by attributes and not by classes: log lines are written by code that must know no driver.
"""

from __future__ import annotations

from collections.abc import Iterator

from db.errors import ConnectFailed

#: Packages whose frames tell that an OSError or a TimeoutError comes from the connection to the database.
_DRIVERS = ("asyncpg", "psycopg", "psycopg_pool")


def driver_errors(error: BaseException | None) -> Iterator[BaseException]:
    """The error and, where SQLAlchemy, Procrastinate or we wrapped it, what it was wrapped from: outermost first."""
    while error is not None:
        yield error
        wrapped = getattr(error, "orig", None)  # SQLAlchemy's, twice over
        if isinstance(wrapped, BaseException):
            error = wrapped
        elif isinstance(error, ConnectFailed) or type(error).__module__ == "procrastinate.exceptions":
            error = error.__cause__
        else:
            error = None


def sqlstate_of(error: BaseException | None) -> str | None:
    """The five characters by which Postgres names the error (its documentation, appendix A); None for any other."""
    for each in driver_errors(error):
        code = getattr(each, "sqlstate", None)
        if isinstance(code, str):
            return code
    return None


def from_driver(error: BaseException) -> bool:
    """Whether a driver raised it: asyncpg and psycopg let errors of the socket through as plain OSError, and a
    statement that took too long as TimeoutError, as any other part of a process does.
    """
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in _DRIVERS:
            return True
        step = step.tb_next
    return False
