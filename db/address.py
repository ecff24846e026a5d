"""Where the database is: DATABASE_URL in any of its spellings, and connections made from it."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.errors import BadUserInput

#: Options that asyncpg and libpq both understand, by libpq's names.
_NAMES = (
    "host port user password dbname passfile target_session_attrs sslmode sslcert sslkey sslrootcert sslcrl "
    "sslpassword sslnegotiation ssl_min_protocol_version ssl_max_protocol_version krbsrvname gsslib "
    "application_name options"
)
_KNOWN = frozenset(_NAMES.split())

#: Options of libpq's own connections, which change nothing for asyncpg.
_LIBPQ_NAMES = (
    "connect_timeout keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout gssencmode"
)
_LIBPQ_ONLY = frozenset(_LIBPQ_NAMES.split())

#: Refusals of a server that is starting, stopping or full: it is away, as it is when nothing answers at all.
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


def database_url(text: str) -> URL:
    """The address, whichever Postgres scheme it was written with; options by libpq's names.

    Raises BadUserInput for another database, for what is no address, and for an option that would be ignored.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _refusal("is no address") from None
    if url.drivername.lower().partition("+")[0] not in ("postgresql", "postgres"):
        raise _refusal("must name a Postgres database")
    ssl = url.query.get("ssl")
    if ssl is not None:  # asyncpg's name for what libpq calls sslmode
        url = url.difference_update_query(["ssl"]).update_query_dict({"sslmode": "require" if ssl == "true" else ssl})
    if url.query.get("channel_binding") in ("prefer", "disable"):
        url = url.difference_update_query(["channel_binding"])
    for option, value in url.query.items():
        if option not in _KNOWN | _LIBPQ_ONLY or not isinstance(value, str):
            raise _refusal(f"has the option {option!r}, which cannot be honoured here; leave it out. It is written")
    return url.set(drivername="postgresql+asyncpg")


def _refusal(reason: str) -> BadUserInput:
    return BadUserInput(f"DATABASE_URL {reason}: postgresql://user:password@host:5432/name")


def libpq_url(url: URL) -> str:
    """The address as libpq reads it (psycopg, asyncpg): every odd character by its percent code, a space too."""
    user, password, host, name = (
        quote(part or "", safe="") for part in (url.username, url.password, None, url.database)
    )
    if url.host is not None:
        host = f"[{url.host}]" if ":" in url.host else quote(url.host, safe=",")
    place = f"{user}{f':{password}' if password else ''}@{host}{f':{url.port}' if url.port else ''}"
    options = urlencode(url.query, quote_via=quote, safe="")
    return f"postgresql://{place.removeprefix('@')}/{name}{f'?{options}' if options else ''}"


async def connect(
    url: URL, *, name: str, timeout_seconds: float, statement_seconds: float | None, **settings: str
) -> asyncpg.Connection[asyncpg.Record]:
    """A connection, called ``name`` in the server's lists, with further server settings.

    Raises OSError (so TimeoutError too) when the server is away, and asyncpg's own errors when it says no.
    """
    try:
        return await asyncpg.connect(
            libpq_url(url.difference_update_query(_LIBPQ_ONLY)),
            timeout=timeout_seconds,
            command_timeout=statement_seconds,
            server_settings={"application_name": name, **settings},
        )
    except _AWAY as error:
        raise ConnectionError(type(error).__name__) from error
