"""Opens asyncpg connections, with failover over several hosts: for all pools, LISTEN and migrations."""

from __future__ import annotations

import os
import ssl

import asyncpg

from db.errors import ConnectFailed
from db.postgres.address import Address

#: Options that name a file; OpenSSL's errors do not say which of them could not be read.
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

_ENCODINGS = (None, "UTF8")  # None: a pooler did not report it

#: Set on every connection, as servers, databases and roles may have another default. The statements rely on READ
#: COMMITTED: each sees all earlier commits.
_ISOLATION = "read committed"

#: Errors of a server that is starting, stopping or full: an outage, like no answer.
_TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)

#: Errors of asyncpg for invalid parameters, such as a missing certificate.
_UNUSABLE = (asyncpg.InterfaceError, ssl.SSLError, FileNotFoundError, PermissionError, ValueError)


async def connect(
    address: Address, *, name: str, timeout_seconds: float, statement_seconds: float | None, **settings: str
) -> asyncpg.Connection[asyncpg.Record]:
    """Opens a connection with the ``application_name`` ``name`` and further server settings for its session.

    Tries several hosts in order, each for its share of ``timeout_seconds``, until one matches
    ``Address.target`` (libpq's ``target_session_attrs``). ``statement_seconds``: client-side timeout of each statement;
    None for none. The settings are applied by SET, since poolers refuse them as startup parameters, and not on a
    ``pooled`` address, where they would leak to other clients. Raises ConnectFailed.
    """
    hosts = list(address.each())
    reasons = []
    for host in hosts:
        try:
            return await _connect_to(
                host,
                target=address.target,
                name=name,
                timeout_seconds=timeout_seconds / len(hosts),
                statement_seconds=statement_seconds,
                settings=settings,
            )
        except ConnectFailed as error:
            if len(hosts) == 1 or not error.transient:
                raise
            reasons.append(str(error))
    raise ConnectFailed("; ".join(reasons), transient=True)


async def _connect_to(
    address: Address,
    *,
    target: str,
    name: str,
    timeout_seconds: float,
    statement_seconds: float | None,
    settings: dict[str, str],
) -> asyncpg.Connection[asyncpg.Record]:
    try:
        connection = await asyncpg.connect(
            address.asyncpg_dsn,
            host=address.hosts[0] if address.hosts else None,
            port=address.ports[0] if address.ports else None,
            user=address.user,
            password=address.password,
            database=address.database,
            timeout=timeout_seconds,
            command_timeout=statement_seconds,
            server_settings={"application_name": name},
            # A prepared statement exists only on the server connection that prepared it.
            statement_cache_size=0 if address.pooled else 100,
        )
    except TimeoutError as error:
        raise ConnectFailed(f"{address}: no answer within {timeout_seconds:g} s", transient=True) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError) as error:
        raise _failed(address, error) from error
    try:
        encoding = getattr(connection.get_settings(), "server_encoding", None)
        if encoding not in _ENCODINGS:
            reason = f"the database's encoding is {encoding}; it must be UTF8 (create database ... encoding 'UTF8')"
            raise ConnectFailed(f"{address}: {reason}", transient=False)
        if not await _matches_target(connection, target):
            raise ConnectFailed(f"{address}: the server is not {target}", transient=True, sqlstate="25006")
        if not address.pooled:
            await connection.execute(_set({"default_transaction_isolation": _ISOLATION, **settings}))
    except ConnectFailed:
        connection.terminate()
        raise
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        connection.terminate()
        raise _failed(address, error) from error
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _matches_target(connection: asyncpg.Connection[asyncpg.Record], target: str) -> bool:
    """Whether the server matches libpq's ``target_session_attrs``. In an explicit transaction, for poolers."""
    if target in ("any", "prefer-standby"):
        return True
    async with connection.transaction(isolation="read_committed"):
        standby, read_only = await connection.fetchrow(
            "select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
        )
    matches: dict[str, bool] = {
        "read-write": not read_only,
        "read-only": read_only,
        "primary": not standby,
        "standby": standby,
    }
    return matches[target]


def _set(settings: dict[str, str]) -> str:
    """SET statements, sent together. Names are constants of this code; values are quoted."""
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "; ".join(f"set {name} = '{value}'" for name, value in quoted.items())


def _failed(address: Address, error: Exception) -> ConnectFailed:
    transient = isinstance(error, _TRANSIENT) or (isinstance(error, OSError) and not isinstance(error, _UNUSABLE))
    if isinstance(error, FileNotFoundError) and address.hosts and address.hosts[0].startswith("/"):
        transient = True  # the socket of a server that is not running
    reason = str(error) or type(error).__name__
    if isinstance(error, OSError) and (error.errno or 0) > 0:  # asyncio's own text is "Connect call failed"
        reason = os.strerror(error.errno or 0)
        unreadable = [each for each in _FILES if not os.access(address.options.get(each, os.devnull), os.R_OK)]
        reason += "".join(f": {each} {address.options[each]}" for each in unreadable)
    state = getattr(error, "sqlstate", None)
    return ConnectFailed(f"{address}: {' '.join(reason.split())}", transient=transient, sqlstate=state)
