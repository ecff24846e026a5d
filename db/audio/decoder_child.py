"""Parent side of a decoder process."""

from __future__ import annotations

from typing import Self

from db.audio import limits
from db.audio.decoder_protocol import DecodeRequest
from db.json_value import Json
from db.subprocesses.child import Child

_ARGUMENTS: tuple[str, ...] = ("-P", "-m", "db.audio.decoder_process")


class DecoderChild(Child):
    """A subprocess of ``db.audio.decoder_process``, with one request at a time."""

    @classmethod
    async def start_decoder(cls) -> Self:
        """Starts a process and waits until it is ready. Raises ChildDied if it does not start."""
        return await cls.start(_ARGUMENTS)

    async def request(self, request: DecodeRequest, data: bytes) -> tuple[dict[str, Json], bytes]:
        """Header and payload of the answer. Raises ChildDied; after that, or a cancellation, kill the process."""
        return await self.exchange(
            request.header(),
            data,
            seconds=limits.wall_seconds(request.max_seconds),
            max_size=int(request.max_seconds * limits.SAMPLE_RATE + 1) * 4 if request.samples else 0,
        )
