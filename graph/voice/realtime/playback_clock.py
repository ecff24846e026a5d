"""What a client can have played, by the clock: the OpenAI Realtime protocol has no acknowledgements.

A client plays in real time what it was sent, from when it arrives; never more than was sent.

That it plays at all is known only while it is there. A connection may be lost for seconds before the server learns of
it, and what a client sent may wait unread. So what a client that streams its microphone has heard follows the clock
only as far as its messages prove, and its audio, as much of it as was read, is the client's own clock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

#: Between sending and playing, in seconds: network and buffers. The estimate stays behind a client that is faster.
_START_DELAY = 0.1

#: Seconds after which silence proves nothing any more: by then the websocket's pings have found a lost connection
#: (``graph.voice.server``), so a client that is still connected has only muted its microphone.
SILENT_SECONDS = 10.0

#: A client whose last audio is older has stopped its microphone, when a reply begins.
_STREAMING_SECONDS = 1.0

#: How much faster than its audio the client's clock may catch up, since clocks differ.
_CATCH_UP = 1.05

_SNAPSHOT_SECONDS = 0.02


@dataclass(slots=True)
class _Entry:
    reply_id: UUID
    sent_ms: float
    played_ms: float
    streamed: bool


class PlaybackClock:
    """The replies that a client has not played to the end, in the order in which it plays them.

    Positions are milliseconds of a reply. ``now``: seconds, monotonic.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: list[_Entry] = []
        self._since = 0.0
        self._frozen = False
        self._last_message = self._last_audio = self._proven = float("-inf")
        #: Earlier positions, by time; the first is the latest that is proven.
        self._history: deque[tuple[float, dict[UUID, float]]] = deque()

    @property
    def ahead_ms(self) -> float:
        """Audio that was sent and not played, if the client is there."""
        return sum(each.sent_ms - each.played_ms for each in self._entries)

    def alive(self, audio_ms: float = 0.0) -> None:
        """A message of the client was read. ``audio_ms``: how much of its microphone's audio it has.

        Audio moves the client's clock by its own length, since it may have waited unread; after a silence, and for
        other messages, the client is there now.
        """
        now = self._now()
        if audio_ms and now - self._last_message < _STREAMING_SECONDS:
            self._proven = min(now, self._proven + audio_ms / 1e3 * _CATCH_UP)
        else:
            self._proven = now
        self._last_message = now
        if audio_ms:
            self._last_audio = now

    def positions(self) -> Iterator[tuple[UUID, float]]:
        """Each reply's position, as far as it is proven."""
        self._advance()
        proven = max(self._proven, self._now() - SILENT_SECONDS)
        while len(self._history) > 1 and self._history[1][0] <= proven:
            self._history.popleft()
        at, known = self._history[0]
        heard = known if at <= proven else {}
        return iter(
            [
                (each.reply_id, min(each.played_ms, heard.get(each.reply_id, 0.0)) if each.streamed else each.played_ms)
                for each in self._entries
            ]
        )

    def sent(self, reply_id: UUID, to_ms: float) -> None:
        """The reply's audio was sent up to ``to_ms``."""
        self._advance()
        if self.ahead_ms == 0:
            self._since = self._now() + _START_DELAY
        entry = self._entry(reply_id)
        if entry is None:
            self._entries.append(_Entry(reply_id, to_ms, 0.0, self._streams))
        else:
            entry.sent_ms = max(entry.sent_ms, to_ms)

    def cut(self, reply_id: UUID, ms: float) -> None:
        """The client dropped the reply's audio from ``ms`` on, which is where it was."""
        self._advance()
        entry = self._entry(reply_id)
        if entry is None:
            self._entries.insert(0, _Entry(reply_id, ms, ms, self._streams))
        else:
            entry.sent_ms = entry.played_ms = ms

    def forget(self, reply_id: UUID) -> None:
        """The reply is played to the end, or was cleared."""
        self._advance()
        self._entries = [each for each in self._entries if each.reply_id != reply_id]

    def freeze(self) -> None:
        """The client is told that the caller speaks, and stops playing."""
        self._advance()
        self._frozen = True

    def thaw(self) -> None:
        self._advance()
        self._frozen = False

    @property
    def _streams(self) -> bool:
        return self._now() - self._last_audio < _STREAMING_SECONDS

    def _entry(self, reply_id: UUID) -> _Entry | None:
        return next((each for each in self._entries if each.reply_id == reply_id), None)

    def _advance(self) -> None:
        now = self._now()
        passed_ms = 0.0 if self._frozen else max(0.0, now - self._since) * 1e3
        self._since = max(self._since, now)
        for each in self._entries:
            step = min(passed_ms, each.sent_ms - each.played_ms)
            each.played_ms += step
            passed_ms -= step
        if not self._history or now - self._history[-1][0] >= _SNAPSHOT_SECONDS:
            self._history.append((now, {each.reply_id: each.played_ms for each in self._entries}))
