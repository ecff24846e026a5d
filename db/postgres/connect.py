"""Opens a connection to Postgres: the one place for plain connections, for the pool's and for those that LISTEN."""

from __future__ import annotations

import os
import ssl

import asyncpg

from db.errors import ConnectFailed
from db.postgres.address import Address

#: Options that name a file; OpenSSL's errors do not say which of them it could not read.
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

_ENCODINGS = (None, "UTF8")  # None: a pooler did not tell

#: Stated on every connection. What is written here counts on each statement seeing what is committed (READ COMMITTED);
#: a server, a database or a role may have another default.
_ISOLATION = "read committed"

#: Refusals of a server that is starting, stopping or full: it is away, as it is when nothing answers at all.
_PASSES = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)

#: What asyncpg raises for parameters it cannot use: a misspelt mode, a certificate that is not there.
_UNUSABLE = (asyncpg.InterfaceError, ssl.SSLError, FileNotFoundError, PermissionError, ValueError)


async def connect(
    address: Address, *, name: str, timeout_seconds: float, statement_seconds: float | None, **settings: str
) -> asyncpg.Connection[asyncpg.Record]:
    """A connection, called ``name`` in the server's lists, with further server settings for its session.

    Several hosts are tried in their order, each for its share of ``timeout_seconds``, until one will do; by default one
    that can write (libpq's ``target_session_attrs``). ``statement_seconds`` bounds each statement on this side; None
    leaves it to the server. The settings are made by SET, since poolers refuse them at the start of a connection; on an
    address that is ``pooled`` they are left out, for they would stay on a server connection that others are lent next.

    Raises ConnectFailed.
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
            if len(hosts) == 1 or not error.passes:
                raise
            reasons.append(str(error))
    raise ConnectFailed("; ".join(reasons), passes=True)


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
            # A prepared statement stays on the server connection that it was made on.
            statement_cache_size=0 if address.pooled else 100,
        )
    except TimeoutError as error:
        raise ConnectFailed(f"{address}: no answer within {timeout_seconds:g} s", passes=True) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError) as error:
        raise _failed(address, error) from error
    try:
        encoding = getattr(connection.get_settings(), "server_encoding", None)
        if encoding not in _ENCODINGS:
            words = f"the database's encoding is {encoding}; it must be UTF8 (create database ... encoding 'UTF8')"
            raise ConnectFailed(f"{address}: {words}", passes=False)
        if not await _will_do(connection, target):
            raise ConnectFailed(f"{address}: the server is not {target}", passes=True, sqlstate="25006")
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


async def _will_do(connection: asyncpg.Connection[asyncpg.Record], target: str) -> bool:
    """Whether the server is what libpq's ``target_session_attrs`` asks for. Asked in a transaction, for the poolers."""
    if target in ("any", "prefer-standby"):
        return True
    async with connection.transaction(isolation="read_committed"):
        standby, read_only = await connection.fetchrow(
            "select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
        )
    fits: dict[str, bool] = {
        "read-write": not read_only,
        "read-only": read_only,
        "primary": not standby,
        "standby": standby,
    }
    return fits[target]


def _set(settings: dict[str, str]) -> str:
    """SET statements for all, sent at once. Names are ours; values are quoted."""
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "; ".join(f"set {name} = '{value}'" for name, value in quoted.items())


def _failed(address: Address, error: Exception) -> ConnectFailed:
    passes = isinstance(error, _PASSES) or (isinstance(error, OSError) and not isinstance(error, _UNUSABLE))
    if isinstance(error, FileNotFoundError) and address.hosts and address.hosts[0].startswith("/"):
        passes = True  # the socket of a server that is not running
    words = str(error) or type(error).__name__
    if isinstance(error, OSError) and (error.errno or 0) > 0:  # asyncio writes "Connect call failed"
        words = os.strerror(error.errno or 0)
        unread = [each for each in _FILES if not os.access(address.options.get(each, os.devnull), os.R_OK)]
        words += "".join(f": {each} {address.options[each]}" for each in unread)
    state = getattr(error, "sqlstate", None)
    return ConnectFailed(f"{address}: {' '.join(words.split())}", passes=passes, sqlstate=state)
