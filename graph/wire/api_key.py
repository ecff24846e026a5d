"""Reads the API key from an HTTP header or from connection_init's payload; ``graph.guards.keys`` verifies it."""

from __future__ import annotations

from collections.abc import Mapping


def secret_in_headers(headers: Mapping[str, str]) -> str | None:
    """The key in an ``Authorization: Bearer`` header; None without one."""
    return _bearer(headers.get("authorization"))


def secret_in_params(params: object) -> str | None:
    """The key in a connection_init payload: ``Authorization`` in any letter case, at the top or in ``headers``."""
    if not isinstance(params, dict):
        return None
    nested = params.get("headers")
    for place in (params, nested if isinstance(nested, dict) else {}):
        for name, value in place.items():
            if isinstance(name, str) and name.lower() == "authorization":
                return _bearer(value)
    return None


def _bearer(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    scheme, _, secret = value.strip().partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
