"""Classifies database errors (outage, conflict, timeout) and retries transactions and background loops."""

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
from db.retries import OUTAGE_WAIT_SECONDS, backoff, constant_wait, full_jitter, retry
from db.sqlstate import driver_errors, from_driver, sqlstate_of

T = TypeVar("T")

_RETRY_AFTER_SECONDS = 2

#: Attempts of a transaction after serialization failures or deadlocks, and the longest wait before the second.
_CONFLICT_ATTEMPTS = 8
_CONFLICT_SECONDS = 0.02

log = structlog.get_logger(__name__)

#: Classes of errors that an outage may raise; other causes raise them too, see ``is_outage``.
DATABASE_ERRORS = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectorException,
    OSError,
    TimeoutError,
)

#: SQLSTATEs of an outage (PostgreSQL's documentation, appendix A), as prefixes.
_OUTAGE_STATES = (
    "08",  # connection failure, also of a pooler with the server
    "53",  # out of disk space, memory or connections
    "57P",  # shutting down, starting up, terminated by an administrator, database dropped
    "58",  # the server's disk failed
    "25006",  # read-only: a standby, or a primary demoted by a failover
)

#: Statement timeout and lock timeout.
_TIMEOUT_STATES = ("57014", "55P03")

#: Serialization failure and deadlock: the transaction was rolled back and can be retried.
_CONFLICT_STATES = ("40001", "40P01")


def is_outage(error: BaseException | None) -> bool:
    """Whether the error means an outage: the connection was lost or refused, or the server is read-only.

    No outage: a refused statement, a statement timeout, an OSError of a file, an object store or another server.
    """
    errors = list(driver_errors(error))
    if any(isinstance(each, ConnectFailed) for each in errors):
        return True  # for any reason: even a wrong password may be corrected on the server
    state = sqlstate_of(error)
    if state is not None:
        return state.startswith(_OUTAGE_STATES)
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return any(_is_connection_lost(each) for each in errors)


def _is_connection_lost(error: BaseException) -> bool:
    """Whether an error without SQLSTATE means that there is no connection."""
    if isinstance(error, asyncpg.OutdatedSchemaCacheError):
        return False
    if isinstance(error, asyncpg.InternalClientError | psycopg.OperationalError):
        return True  # raised if the connection breaks during its handshake
    if isinstance(error, asyncpg.InterfaceError):
        return "connection is closed" in str(error)  # asyncpg has no class for it
    return isinstance(error, OSError | TimeoutError) and from_driver(error)


def is_conflict(error: BaseException | None) -> bool:
    """Whether the error is a serialization failure or a deadlock; the transaction was rolled back."""
    return sqlstate_of(error) in _CONFLICT_STATES


def client_error(error: BaseException | None) -> VoxLoomError | None:
    """The error that a client gets for a temporary database error; None for any other error."""
    if is_outage(error):
        return DatabaseUnavailable("The database cannot be reached at the moment.", _RETRY_AFTER_SECONDS)
    if is_conflict(error):
        return Overloaded("Too many concurrent changes of the same rows.", _RETRY_AFTER_SECONDS)
    if sqlstate_of(error) in _TIMEOUT_STATES:
        return OperationTimeout("A database statement timed out and was rolled back.")
    if isinstance(error, exc.TimeoutError):
        return Overloaded("All connections to the database are in use.", _RETRY_AFTER_SECONDS)
    return None


async def retry_outage(work: Callable[[], Awaitable[T]], *, patience_seconds: float) -> T:
    """Retries ``work`` after temporary errors (``client_error``), for ``patience_seconds``. Raises its last error.

    ``work``: a complete, idempotent transaction, as a commit's answer may be lost.
    """
    return await retry(
        work,
        is_transient=lambda error: isinstance(error, DATABASE_ERRORS) and client_error(error) is not None,
        wait=constant_wait(),
        patience_seconds=patience_seconds,
        on_retry=lambda _, error: log.warning("database_away", **error_fields(error)),
    )


async def retry_conflicts(work: Callable[[], Awaitable[T]]) -> T:
    """Retries ``work``, a complete transaction, after serialization failures and deadlocks. Raises the last error."""
    return await retry(
        work,
        is_transient=lambda error: isinstance(error, DATABASE_ERRORS) and is_conflict(error),
        wait=full_jitter(_CONFLICT_SECONDS),
        attempts=_CONFLICT_ATTEMPTS,
        on_retry=lambda attempts, error: log.info("transaction_repeated", tries=attempts, **error_fields(error)),
    )


async def run_forever(
    run: Callable[[], Awaitable[object]], *, lost: str, pause_seconds: float = OUTAGE_WAIT_SECONDS
) -> NoReturn:
    """Runs a background loop until cancelled: calls ``run`` again, after a pause with jitter, when it ends or fails.

    ``lost``: name of the log event of a failure. ``pause_seconds``: longest pause, which is the interval of a poll.
    """
    while True:
        try:
            await run()
        except Exception as error:  # any error: the loop must go on
            log.warning(lost, **error_fields(error))
        await asyncio.sleep(backoff(1, first_seconds=pause_seconds, longest_seconds=pause_seconds))
