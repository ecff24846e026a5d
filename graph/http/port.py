"""Whether a server can listen at its host and port."""

from __future__ import annotations

import errno
import socket

from db.errors import BadUserInput

_LEAST_FREE_PORT = 1024


def check_port(host: str, port: int, setting: str = "VOXLOOM_PORT") -> None:
    """Raises BadUserInput, naming the faulty setting, if a server cannot listen there. ``setting``: the port's."""
    try:
        _bind(host, port)
    except socket.gaierror as error:
        raise BadUserInput(f"VOXLOOM_HOST {host!r} is not an address: {error.strerror}.") from None
    except (UnicodeError, ValueError):
        raise BadUserInput(f"VOXLOOM_HOST {host!r} is neither a host name nor an address.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadUserInput(f"Port {port} is taken: set {setting} to a free one.") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise BadUserInput(f"VOXLOOM_HOST {host} is not an address of this machine.") from None
        if error.errno in (errno.EACCES, errno.EPERM) and port < _LEAST_FREE_PORT:
            raise BadUserInput(f"Port {port} is reserved for root: set {setting} to 1024 or more.") from None
        raise BadUserInput(f"VOXLOOM_HOST {host}, {setting} {port}: {error.strerror}.") from None


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
