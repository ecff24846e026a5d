"""How much of an unfinished utterance is kept in Postgres."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg

#: Bytes of a millisecond: 16 kHz, 16 bits.
_BYTES_PER_MS = 32

_KEPT = f"select coalesce(sum(length(data)), 0) / {_BYTES_PER_MS} from call_sounds where call_id = $1::uuid"


async def stored_ms(url: str, call_id: str) -> float | None:
    """Milliseconds of unfinished audio of a call; None while Postgres is away."""
    with suppress(OSError, TimeoutError, asyncpg.PostgresError):
        async with asyncio.timeout(2):
            connection = await asyncpg.connect(url)
            try:
                return float(await connection.fetchval(_KEPT, call_id))
            finally:
                await connection.close()
    return None
