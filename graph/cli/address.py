"""URLs of the API and the voice role on this machine, and whether they listen there."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from graph.settings import ApiSettings

_LISTEN_SECONDS = 1


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
    return f"http://{_bracketed(local_host(settings.host))}:{settings.port}"


def console_url(settings: ApiSettings) -> str:
    """The web console's address: the public one, or that on this machine."""
    return f"{(settings.public_url or base_url(settings)).rstrip('/')}/"


def sign_in_link(settings: ApiSettings, token: str) -> str:
    """The link that signs in to the web console; browsers send no server what stands behind the #."""
    return f"{console_url(settings)}#sign-in={token}"


def voice_base_url(settings: ApiSettings) -> str:
    """The base URL of live calls on this machine, without a trailing slash."""
    return f"ws://{_bracketed(local_host(settings.host))}:{settings.voice_port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def listens(host: str, port: int) -> bool:
    """Whether a process listens at a port of a server's host."""
    try:
        with socket.create_connection((local_host(host), port), timeout=_LISTEN_SECONDS):
            return True
    except (OSError, UnicodeError):
        return False
