"""SQLSTATE of a database error of any driver (asyncpg, psycopg), also of a wrapped one.

Uses attributes rather than classes, as code that writes log lines must not import the drivers.
"""

from __future__ import annotations

from collections.abc import Iterator

from db.errors import ConnectFailed

#: Packages whose stack frames show that an OSError or a TimeoutError comes from a database connection.
_DRIVERS = ("asyncpg", "psycopg", "psycopg_pool")


def driver_errors(error: BaseException | None) -> Iterator[BaseException]:
    """The error and the errors that SQLAlchemy, Procrastinate or ConnectFailed wrap, outermost first."""
    while error is not None:
        yield error
        wrapped = getattr(error, "orig", None)  # SQLAlchemy wraps twice
        if isinstance(wrapped, BaseException):
            error = wrapped
        elif isinstance(error, ConnectFailed) or type(error).__module__ == "procrastinate.exceptions":
            error = error.__cause__
        else:
            error = None


def sqlstate_of(error: BaseException | None) -> str | None:
    """The five-character error code (PostgreSQL's documentation, appendix A); None for other errors."""
    for each in driver_errors(error):
        code = getattr(each, "sqlstate", None)
        if isinstance(code, str):
            return code
    return None


def from_driver(error: BaseException) -> bool:
    """Whether a driver raised the error: asyncpg and psycopg raise plain OSError for socket errors and TimeoutError for
    timeouts, which other code raises too.
    """
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in _DRIVERS:
            return True
        step = step.tb_next
    return False
