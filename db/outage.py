"""Tells a database that is away for a while from one that says no."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy import exc

from db.errors import DatabaseUnavailable

T = TypeVar("T")

_RETRY_SECONDS = 0.5
_COME_BACK_SECONDS = 2

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

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cut off by an administrator
    asyncpg.InsufficientResourcesError,  # too many connections
    asyncpg.InterfaceError,  # a connection that was closed under the statement
    asyncpg.InternalClientError,  # or under the connection's own making: the driver loses its place
    ConnectorException,
    exc.TimeoutError,  # no connection became free in time
    OSError,
    TimeoutError,
)


def is_away(error: BaseException | None) -> bool:
    """Whether trying again later may do: the connection was lost, refused, or not to be had in time."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or is_away(error.orig) or is_away(error.orig and error.orig.__cause__)
    return isinstance(error, _AWAY)


def unavailable() -> DatabaseUnavailable:
    """What a client is told meanwhile."""
    return DatabaseUnavailable("The database cannot be reached at the moment.", _COME_BACK_SECONDS)


async def outlast(work: Callable[[], Awaitable[T]], *, patience_seconds: float) -> T:
    """Does ``work`` again and again while the database is away, for that long at the most; raises what it raised last.

    ``work`` is a whole transaction, and one that does no harm when it was made and only its answer was lost.
    """
    clock = asyncio.get_running_loop().time
    give_up = clock() + patience_seconds
    while True:
        try:
            return await work()
        except DATABASE_ERRORS as error:
            if not is_away(error) or clock() > give_up:
                raise
            log.warning("database_away", error=type(error).__name__)
        await asyncio.sleep(_RETRY_SECONDS)
