"""Single statements that only read: for what is asked often and answered as Postgres writes it."""

from __future__ import annotations

from db.postgres.address import Address
from db.postgres.connections import Connections, Row

__all__ = ["Reader", "Row"]


class Reader(Connections):
    """Connections that cannot write. Who asks has a slower way, or knows how to wait."""

    def __init__(self, address: Address, *, name: str, connections: int, timeout_seconds: float) -> None:
        super().__init__(address, name=name, connections=connections, timeout_seconds=timeout_seconds, read_only=True)
