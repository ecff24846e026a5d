"""Parser of DATABASE_URL: a libpq connection URI, with several hosts, sockets, TLS and other options.

Source: PostgreSQL's documentation, "Connection URIs" (libpq). Written here because libpq, asyncpg and SQLAlchemy accept
different URIs, and because their errors repeat parts of the password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlencode

from psycopg.conninfo import make_conninfo

from db.errors import BadUserInput

#: Connection parameters of both asyncpg and libpq, by libpq's names.
_SHARED_NAMES = (
    "passfile target_session_attrs sslmode sslcert sslkey sslrootcert sslcrl sslpassword sslnegotiation "
    "ssl_min_protocol_version ssl_max_protocol_version krbsrvname gsslib application_name options"
)
_SHARED_OPTIONS = frozenset(_SHARED_NAMES.split())

#: Connection parameters of libpq only; ignored for asyncpg.
_LIBPQ_NAMES = (
    "connect_timeout keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout gssencmode"
)
_LIBPQ_OPTIONS = frozenset(_LIBPQ_NAMES.split())

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSION_ATTRIBUTES = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
_MAX_PORT = 65_535
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a Postgres database. None and () mean libpq's defaults (PGHOST, PGPORT, PGUSER, ...).

    ``hosts``: names, IP addresses or socket directories, tried in this order, with one of ``ports`` each. ``options``:
    further connection parameters by libpq's names. ``pooled``: behind a connection pooler in transaction mode
    (PgBouncer, ``pool_mode=transaction``), where session state (SET, LISTEN, prepared statements) is not kept.
    """

    hosts: tuple[str, ...]
    ports: tuple[int | None, ...]
    user: str | None
    password: str | None = field(repr=False)
    database: str | None
    options: Mapping[str, str] = field(repr=False)
    pooled: bool = False

    def __str__(self) -> str:
        """Host, port and database without user and password, for messages and logs."""
        hosts = self.hosts or ("default host",)
        ports = self.ports or (None,)
        servers = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=True))
        return f"{servers}/{self.database or ''}"

    @property
    def target(self) -> str:
        """libpq's ``target_session_attrs``: the kind of server wanted. Of several hosts by default a writable one."""
        return self.options.get("target_session_attrs") or ("read-write" if len(self.hosts) > 1 else "any")

    def each(self) -> Iterator[Address]:
        """Yields the address of each host."""
        if not self.hosts:
            yield self
        for host, port in zip(self.hosts, self.ports, strict=True):
            yield replace(self, hosts=(host,), ports=(port,))

    @property
    def asyncpg_dsn(self) -> str:
        """A DSN with the parameters that asyncpg has no arguments for."""
        given = {name: value for name, value in self.options.items() if name not in _LIBPQ_OPTIONS}
        return f"postgresql:///?{urlencode({**given, 'target_session_attrs': 'any'})}"

    @property
    def conninfo(self) -> str:
        """The address as a libpq connection string (psycopg), with the password."""
        return make_conninfo(
            host=",".join(self.hosts) or None,
            port=",".join("" if port is None else str(port) for port in self.ports) or None,
            user=self.user,
            password=self.password,
            dbname=self.database,
            **{**self.options, "target_session_attrs": self.target},
        )


def parse_database_url(text: str, *, name: str = "DATABASE_URL") -> Address:
    """Parses a connection URI. ``name``: its setting, for messages.

    Raises BadUserInput for an invalid URI, another database's, and an option that would be ignored. The message never
    repeats the text, which contains a password.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        raise _refusal(name, "is not a URI")
    if scheme.lower().partition("+")[0] not in ("postgresql", "postgres"):
        raise _refusal(name, "must name a Postgres database")
    if not rest.isprintable():
        raise _refusal(name, "has a line break or another control character in it")
    rest, _, query = rest.partition("?")
    authority, _, database = rest.partition("/")
    credentials, at, servers = authority.rpartition("@")
    if "@" in credentials or "@" in database or "/" in database or "@" in query.partition("=")[0]:
        raise _refusal(name, "has a character in the user, the password or the name that must be percent-encoded")
    user, _, password = credentials.partition(":")
    options = _options(query, name)
    hosts, ports = _hosts_and_ports(servers, name)
    if "host" in options or "port" in options:
        hosts, ports = _hosts_of_options(options.pop("host", None), options.pop("port", None), hosts, ports, name)
    return Address(
        hosts=hosts,
        ports=ports,
        user=options.pop("user", None) or (_decoded(user, name) or None if at else None),
        password=options.pop("password", None) or _decoded(password, name) or None,
        database=options.pop("dbname", None) or _decoded(database, name) or None,
        options=options,
    )


def _hosts_and_ports(text: str, name: str) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Hosts and ports of ``host1:port1,host2:port2``: names, IPv6 in brackets, percent-encoded socket directories."""
    if not text:
        return (), ()
    hosts, ports = [], []
    for each in text.split(","):
        if each.startswith("["):
            host, bracket, port = each[1:].partition("]")
            if not bracket or (port and not port.startswith(":")):
                raise _refusal(name, "has an IPv6 address with wrong brackets")
            port = port[1:]
        else:
            host, _, port = each.partition(":")
        hosts.append(_decoded(host, name))
        ports.append(_port(port, name))
    if hosts == [""]:  # postgresql://:5433/name
        raise _refusal(name, "has a port without a host")
    if not all(hosts):
        raise _refusal(name, "has an empty name among its hosts")
    return tuple(hosts), tuple(ports)


def _hosts_of_options(
    host: str | None, port: str | None, hosts: tuple[str, ...], ports: tuple[int | None, ...], name: str
) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Hosts and ports with the options ``host`` and ``port``, which take precedence."""
    if host is not None:
        hosts, ports = tuple(host.split(",")), ()
        if not all(hosts):
            raise _refusal(name, "has an empty name among its hosts")
    if port is not None:
        if not hosts:
            raise _refusal(name, "has a port without a host")
        ports = tuple(_port(each, name) for each in port.split(","))
    if len(ports) <= 1:  # one port for all hosts, or none
        ports = (ports[0] if ports else None,) * len(hosts)
    if len(ports) != len(hosts):
        raise _refusal(name, f"has {len(ports)} ports for {len(hosts)} hosts")
    return hosts, ports


def _port(text: str, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        raise _refusal(name, "has a port that is not a number from 1 to 65535")
    return int(text)


def _options(query: str, name: str) -> dict[str, str]:
    try:
        given = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise _refusal(name, "has options that are not written name=value") from None
    options: dict[str, str] = {}
    for option, value in given:
        if option == "ssl":  # asyncpg's and JDBC's name for what libpq calls sslmode
            option, value = "sslmode", "require" if value == "true" else value  # noqa: PLW2901
        if option == "channel_binding" and value in ("prefer", "disable"):
            continue
        known = option in _SHARED_OPTIONS | _LIBPQ_OPTIONS or option in ("host", "port", "user", "password", "dbname")
        if not known or option in options:
            shown = option if option.replace("_", "").isalnum() else "..."
            raise _refusal(name, f"has the option {shown!r}, which is not supported or repeated; leave it out")
        options[option] = value
    for option, values in (("sslmode", _SSL_MODES), ("target_session_attrs", _SESSION_ATTRIBUTES)):
        if option in options and options[option] not in values:
            raise _refusal(name, f"has an unknown {option}: use one of {', '.join(values)}")
    return options


def _decoded(text: str, name: str) -> str:
    if _STRAY_PERCENT.search(text):
        raise _refusal(name, "has a % without two hexadecimal digits after it; write %25 for a %")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _refusal(name, "has a percent-encoded character that is not UTF-8") from None
    if "\0" in decoded:
        raise _refusal(name, "has %00 in it")
    return decoded


def _refusal(name: str, reason: str) -> BadUserInput:
    return BadUserInput(f"{name} {reason}. It is written postgresql://user:password@host:5432/name")
