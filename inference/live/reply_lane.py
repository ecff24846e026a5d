"""The place of a reply on the lane: speech for which the caller waits in silence comes before speech heard later."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from inference.lane import Lane, Priority, use_lane
from inference.turn.reply_relay import ReplyRelay

#: Seconds of speech before the caller: with less, the next piece is urgent; with as much, it has time.
_NEARLY_DRY, _AHEAD = 0.3, 2.0


def reply_on_lane(lane: Lane | None, relay: ReplyRelay) -> AbstractContextManager[None]:
    """Model work begun within the context, for the reply that goes to ``relay``, runs on the lane if there is one."""

    def urgency() -> Priority:
        lead = relay.lead
        if lead is None or lead < _NEARLY_DRY:
            return Priority.FIRST_SPEECH
        return Priority.SPEECH if lead < _AHEAD else Priority.SPEECH_AHEAD

    return nullcontext() if lane is None else use_lane(lane, urgency)
