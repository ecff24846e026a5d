"""Tells a database that is away for a while from one that says no."""

from __future__ import annotations

import asyncpg
from procrastinate.exceptions import ConnectorException
from sqlalchemy import exc

#: Everything that an operation may raise when the database is away. Not all of it means that: ask ``is_away``.
DATABASE_ERRORS = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ConnectorException,
    OSError,
    TimeoutError,
)

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cut off by an administrator
    asyncpg.InsufficientResourcesError,  # too many connections
    asyncpg.InterfaceError,  # a connection that was closed under the statement
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
