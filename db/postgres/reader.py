"""Connection pool for read-only statements: frequent reads whose JSON is rendered by Postgres."""

from __future__ import annotations

from db.postgres.address import Address
from db.postgres.pool import ConnectionPool, Row

__all__ = ["Reader", "Row"]


class Reader(ConnectionPool):
    """A pool whose transactions are read-only."""

    def __init__(self, address: Address, *, name: str, connections: int, timeout_seconds: float) -> None:
        super().__init__(address, name=name, connections=connections, timeout_seconds=timeout_seconds, read_only=True)
