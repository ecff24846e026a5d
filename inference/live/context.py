"""What the parts of one call share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from db.languages import primary_language
from db.turns.values import Claim
from inference.live.outbox import Outbox
from inference.live.ports import CallRecord
from inference.live.tape import CallTape
from inference.live.times import CallTimes
from inference.live.utterance import Recognition
from inference.ports import RecognitionStream, Superseded
from inference.turn.attempt import TurnSetup
from inference.turn.inputs import TurnInputs

T = TypeVar("T")

#: Seconds for the connection that has fenced a record to reach the call. The answer of its commit may take so long.
_CONNECTING_SECONDS = 5.0


@dataclass(slots=True)
class CallContext:
    """``record``: of the present connection. ``tape``: what is recorded of the whole call. ``now``: seconds of the
    caller's audio so far. ``listen``: begins a recognition."""

    record: CallRecord
    outbox: Outbox
    tape: CallTape
    recognition: Recognition
    setup: TurnSetup
    times: CallTimes
    now: Callable[[], float]
    listen: Callable[[], RecognitionStream]
    _resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def resume(self, record: CallRecord) -> None:
        """The caller is back on another connection, whose record this is."""
        self.record = record
        self._resumed.set()

    async def inputs(self, text: str, language: str | None, *, reopened: Claim | None = None) -> TurnInputs:
        """The inputs of the next turn. ``language``: of the text; a session without a language of its own is answered
        in it, if a language model of this process supports it."""
        inputs = replace(await self.record.next_inputs(reopened), text=text)
        supported = self.setup.engines.reply_languages
        if language and primary_language(inputs.session_language) is None and language in (supported or (language,)):
            return replace(inputs, session_language=language)
        return inputs

    async def write(self, action: Callable[[CallRecord], Awaitable[T]]) -> T:
        """A write of the record; done again if the caller came back on another connection, or is about to.

        The database knows the new connection a moment before the call does, and refuses what still waited for it.
        """
        while True:
            record = self.record
            try:
                return await action(record)
            except Superseded:
                if record is self.record and not (self.outbox.lost and await self._is_resumed()):
                    raise

    async def _is_resumed(self) -> bool:
        """Whether the lost caller comes back to this process now."""
        self._resumed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONNECTING_SECONDS):
                return await self._resumed.wait()
        return False
