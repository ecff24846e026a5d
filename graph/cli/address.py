"""The API's host and port: whether it can listen there, and its URL on this machine."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from db.errors import BadUserInput
from graph.settings import ApiSettings

_LISTEN_SECONDS = 1
_LEAST_FREE_PORT = 1024


def check_port(settings: ApiSettings) -> None:
    """Raises BadUserInput, naming the faulty setting, if the API cannot listen at its host and port."""
    host, port = settings.host, settings.port
    try:
        _bind(host, port)
    except socket.gaierror as error:
        raise BadUserInput(f"VOXLOOM_HOST {host!r} is not an address: {error.strerror}.") from None
    except (UnicodeError, ValueError):
        raise BadUserInput(f"VOXLOOM_HOST {host!r} is neither a host name nor an address.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadUserInput(f"Port {port} is taken: set VOXLOOM_PORT to a free one.") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise BadUserInput(f"VOXLOOM_HOST {host} is not an address of this machine.") from None
        if error.errno in (errno.EACCES, errno.EPERM) and port < _LEAST_FREE_PORT:
            raise BadUserInput(f"Port {port} is reserved for root: set VOXLOOM_PORT to 1024 or more.") from None
        raise BadUserInput(f"VOXLOOM_HOST {host}, VOXLOOM_PORT {port}: {error.strerror}.") from None


def _bind(host: str, port: int) -> None:
    """Binds and closes a socket at each address of the host, as uvicorn does."""
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)


def local_host(host: str) -> str:
    """The host to connect to from this machine: loopback for a wildcard address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return host


def base_url(settings: ApiSettings) -> str:
    """The API's base URL on this machine, without a trailing slash."""
    host = local_host(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def listens(settings: ApiSettings) -> bool:
    """Whether a process listens at the API's host and port."""
    try:
        with socket.create_connection((local_host(settings.host), settings.port), timeout=_LISTEN_SECONDS):
            return True
    except (OSError, UnicodeError):
        return False
