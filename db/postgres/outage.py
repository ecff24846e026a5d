"""Tells a database that is away for a while, and a transaction to be tried again, from a statement that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import asyncpg
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy import exc

from db.errors import ConnectFailed, DatabaseUnavailable, OperationTimeout, Overloaded, VoxLoomError
from db.logs import error_fields
from db.retries import AWAY_SECONDS, backoff, every_half_second, growing, retried
from db.sqlstate import driver_errors, from_driver, sqlstate_of

T = TypeVar("T")

_COME_BACK_SECONDS = 2

#: Tries of a transaction that lost against others, and the longest pause before the second.
_CONFLICT_TRIES = 8
_CONFLICT_SECONDS = 0.02

log = structlog.get_logger(__name__)

#: Everything that an operation may raise when the database is away. Not all of it means that: ask ``is_away``.
DATABASE_ERRORS = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectorException,
    OSError,
    TimeoutError,
)

#: SQLSTATEs of a server that cannot be used for now (PostgreSQL's documentation, appendix A), by class or in full.
_AWAY_STATES = (
    "08",  # the connection failed, or the pooler between lost the server
    "53",  # no room on the disk, in memory, or for a connection
    "57P",  # shutting down, starting up, cut off by an administrator, database dropped
    "58",  # the server's own disk failed
    "25006",  # read-only: a standby, or one that was demoted in a failover
)

#: A statement that ran into its time-out, or into that of a lock.
_TOO_LATE_STATES = ("57014", "55P03")

#: A serialization failure and a deadlock: the transaction is to be tried again as a whole.
_CONFLICT_STATES = ("40001", "40P01")


def is_away(error: BaseException | None) -> bool:
    """Whether the server cannot be used at the moment: the connection was lost or refused, or the server is read-only.

    A statement that the server refuses, and one that takes too long, are not an outage; nor is an OSError of a file, an
    object store or another server.
    """
    errors = list(driver_errors(error))
    if any(isinstance(each, ConnectFailed) for each in errors):
        return True  # for whatever reason: a password that was changed may be changed back
    state = sqlstate_of(error)
    if state is not None:
        return state.startswith(_AWAY_STATES)
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return any(_is_lost(each) for each in errors)


def _is_lost(error: BaseException) -> bool:
    """Whether an error without an SQLSTATE says that the connection is not there, or not to be had."""
    if isinstance(error, asyncpg.OutdatedSchemaCacheError):
        return False
    if isinstance(error, asyncpg.InternalClientError | psycopg.OperationalError):
        return True  # the driver loses its place when the connection breaks while it is made
    if isinstance(error, asyncpg.InterfaceError):
        return "connection is closed" in str(error)  # asyncpg has no class of its own for it
    return isinstance(error, OSError | TimeoutError) and from_driver(error)


def is_conflict(error: BaseException | None) -> bool:
    """Whether the transaction was given up for another one's sake (40001, 40P01): nothing of it was done."""
    return sqlstate_of(error) in _CONFLICT_STATES


def client_error(error: BaseException | None) -> VoxLoomError | None:
    """What a client is told of an error that may pass, and when to come back. None for any other error."""
    if is_away(error):
        return DatabaseUnavailable("The database cannot be reached at the moment.", _COME_BACK_SECONDS)
    if is_conflict(error):
        return Overloaded("Too many changes were made to the same rows at once.", _COME_BACK_SECONDS)
    if sqlstate_of(error) in _TOO_LATE_STATES:
        return OperationTimeout("The database took too long over a statement; nothing of it was done.")
    if isinstance(error, exc.TimeoutError):
        return Overloaded("All connections to the database are in use.", _COME_BACK_SECONDS)
    return None


async def outlast(work: Callable[[], Awaitable[T]], *, patience_seconds: float) -> T:
    """Does ``work`` again and again while the database is away, for that long at the most; raises what it raised last.

    ``work`` is a whole transaction, and one that does no harm when it was made and only its answer was lost.
    """
    return await retried(
        work,
        passes=lambda error: isinstance(error, DATABASE_ERRORS) and client_error(error) is not None,
        pauses=every_half_second(),
        patience_seconds=patience_seconds,
        told=lambda _, error: log.warning("database_away", **error_fields(error)),
    )


async def without_conflict(work: Callable[[], Awaitable[T]]) -> T:
    """Does ``work``, a whole transaction, again when it was given up for the sake of another (40001, 40P01).

    Raises what the last of 8 tries raised.
    """
    return await retried(
        work,
        passes=lambda error: isinstance(error, DATABASE_ERRORS) and is_conflict(error),
        pauses=growing(_CONFLICT_SECONDS),
        tries=_CONFLICT_TRIES,
        told=lambda tries, error: log.info("transaction_repeated", tries=tries, **error_fields(error)),
    )


async def keep_running(
    run: Callable[[], Awaitable[object]], *, lost: str, pause_seconds: float = AWAY_SECONDS
) -> NoReturn:
    """Runs ``run`` until cancelled: again, after a pause with jitter, whenever it returns or fails.

    ``lost``: the log event of a failure. ``pause_seconds``: the longest pause, which is the interval of a poll.
    """
    while True:
        try:
            await run()
        except Exception as error:  # whatever it was: nobody else would begin it again
            log.warning(lost, **error_fields(error))
        await asyncio.sleep(backoff(1, first_seconds=pause_seconds, longest_seconds=pause_seconds))
