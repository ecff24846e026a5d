"""Times and bounds of a live call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallTimes:
    """All in seconds. Those of speech and playback count the caller's audio, so they hold at any speed of a test.

    ``ahead``: audio that may arrive faster than real time. ``catch_up``: the same after the caller sent nothing for a
    while. ``no_audio``: after so long without audio, silence is assumed. ``partial_every``: new audio for the next
    partial transcript. ``close_segment``: the pause at which the words so far are decoded for good.
    ``begin_when_busy``: the pause at which early work begins while calls keep the models busy, else at once.

    ``decide``: the longest wait for words to tell an interruption from a backchannel. ``nearly_over``: speech over so
    little of a reply is an answer to it. ``backchannel_left``: words over less than this are an answer, never a
    backchannel. ``reopen_within``, ``reopen_heard``: a caller who goes on so soon after the end of their turn, having
    heard less than this of the reply, reopens the turn. ``playback_grace``: for the last report of a playback.

    ``digits_pause``: ends DTMF digits. ``still_there``: the silence after which the assistant asks for the caller; None
    for never. ``give_up``: the silence after that which ends the call. ``longest_turn``, ``longest_call``: their ends.
    """

    ahead: float = 2.0
    catch_up: float = 10.0
    no_audio: float = 1.0
    partial_every: float = 0.16
    close_segment: float = 0.5
    begin_when_busy: float = 0.25
    decide: float = 0.5
    nearly_over: float = 0.3
    backchannel_left: float = 1.0
    reopen_within: float = 1.2
    reopen_heard: float = 1.0
    playback_grace: float = 1.5
    digits_pause: float = 2.0
    still_there: float | None = 10.0
    give_up: float = 10.0
    longest_turn: float = 125.0
    longest_call: float = 1800.0
