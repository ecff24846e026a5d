"""Ports of a live call: the way to the caller, and the call's record. Neither knows a wire format or SQL.

A transport (``graph.voice``) feeds a caller's audio into ``inference.live.call.Call`` and implements ``CallerSpeaker``;
the record is implemented over Postgres by ``inference.journal.call_record``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from db.audio.encoded import EncodedAudio
from db.enums import CallEndReason, PlaybackSource, Prompt, TurnStatus
from db.turns.live_values import LiveTiming, Playback, TurnTaking
from db.turns.values import Claim, FinishedCall
from inference.live.caller_events import ToCaller
from inference.ports import AttemptJournal, Samples, Speech, TextDelta, Transcript
from inference.turn.inputs import TurnInputs

# --- to the caller ------------------------------------------------------------------------------------------


class CallerSpeaker(Protocol):
    """A connection to the caller."""

    async def send(self, event: ToCaller) -> None:
        """Passes the event on, in order. Returns at once or when there is room in a bounded queue.

        Raises ``CallerGone`` when the connection is lost or does not read.
        """
        ...


class CallerGone(Exception):
    """The caller's connection is lost, or it does not read what it is sent."""


# --- from the caller ----------------------------------------------------------------------------------------


class LiveCall(Protocol):
    """A call as its transport sees it. Methods return at once unless they say otherwise; none blocks on a model."""

    async def run(self) -> CallEndReason:
        """Runs the call until it ends; sends ``CallOver`` last. Raises CallerGone when the connection is lost."""
        ...

    async def hear(self, samples: Samples) -> None:
        """The caller's next audio, 16 kHz mono, any length. Waits if the caller sends faster than real time."""
        ...

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        """The caller has heard ``ms`` of the reply in total; more than was sent counts as all that was sent.

        A later report replaces an earlier one, also with less: a truncate event corrects the clock, at times of a reply
        that was interrupted a moment ago. Ignored for a reply that is not known any more.
        """
        ...

    def truncated(self, reply_id: UUID, ms: float) -> None:
        """The transport stopped the playback itself, at ``ms`` of the reply: it is interrupted."""
        ...

    async def type_text(self, text: str, *, digits: bool = False, respond: bool = True) -> None:
        """A typed message, or DTMF digits, as a turn of its own. ``respond``: False keeps it for the next response.

        Raises Overloaded, and Conflict if the call has ended: then it is not taken.
        """
        ...

    async def commit_audio(self) -> bool:
        """Ends the caller's turn now (manual turn detection); False if there is no audio."""
        ...

    async def clear_audio(self) -> None:
        """Drops the audio of the turn that has not ended."""
        ...

    async def respond(self) -> None:
        """Asks for a reply to what was committed without one (manual turn detection)."""
        ...

    async def interrupt(self) -> bool:
        """Stops the reply; False if none plays."""
        ...

    def configure(self, turn_taking: TurnTaking) -> None:
        """Changes the settings of turn taking from now on."""
        ...

    async def hang_up(self, reason: CallEndReason) -> None:
        """Ends the call; what was said and not committed is committed first."""
        ...

    def lost(self) -> None:
        """The caller's connection is lost: ``run`` raises CallerGone. The turn in progress goes on in the record."""
        ...

    def resume(self, record: CallRecord, speaker: CallerSpeaker) -> bool:
        """The caller is back, on a connection and a record of their own, after ``run`` raised CallerGone.

        ``run`` is called again then: it sends what was not played of the reply in progress, and goes on. False if the
        call does not go on here, as it has failed, or another process had it in between and may have stored what was
        said: it is left, and to be taken up from the record by a new ``LiveCall``.
        """
        ...


# --- the record ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """A caller's turn that has ended. ``turn_id``, ``message_id``: chosen by the call; a reopened turn keeps its own.

    ``audio``: its sound; None for typed text or digits. ``digits``: whether the text is DTMF digits. ``call``: the
    model call of its recognition, None without audio.
    """

    turn_id: UUID
    message_id: UUID
    transcript: Transcript
    live: LiveTiming
    audio: EncodedAudio | None = None
    call: FinishedCall | None = None
    digits: bool = False


@dataclass(frozen=True, slots=True)
class CallState:
    """What a process needs to take up a call. ``heard``: audio of a turn that had not ended, 16 kHz mono.

    ``connection``: number of the connection, by which a call in memory knows whether another process had the call.
    ``record``: whether the whole call is recorded; ``recorded_ms``: how far it is.
    """

    call_id: UUID
    tenant_id: UUID
    session_id: UUID
    language: str
    persona: str
    turn_taking: TurnTaking = field(default_factory=TurnTaking)
    turns: int = 0
    elapsed_ms: int = 0
    heard: Samples | None = None
    record: bool = False
    recorded_ms: int = 0
    connection: int = 0


@dataclass(frozen=True, slots=True)
class Reopened:
    """A turn that got another attempt. ``claim``: None if another process has it by now, whose reply is followed."""

    claim: Claim | None


class CallRecord(Protocol):
    """The record of one call, written by the process that holds its connection.

    Events and segments of audio are written behind, in order, bounded; ``begin_turn``, ``reopen_turn`` and ``end``
    return when they are committed. Raises ``inference.ports.Superseded`` once another connection has taken the call
    over or the call has ended, and JournalLost.
    """

    @property
    def state(self) -> CallState: ...

    def now(self) -> datetime:
        """The database's time, from its clock at the start of the call and this process's monotonic clock."""
        ...

    async def next_inputs(self, reopened: Claim | None = None) -> TurnInputs:
        """The inputs of the next turn, without its text: history holds what was heard of each reply.

        ``reopened``: of a turn that was reopened: its inputs, with the tool calls of earlier attempts.
        """
        ...

    async def speech_started(self, at_ms: int) -> None: ...

    async def speech_ended(self, at_ms: int) -> None: ...

    async def words(self, text: str) -> None:
        """A partial transcript as an event, at most one a second; more are dropped."""
        ...

    async def sound(self, samples: Samples) -> None:
        """The next audio of a turn that has not ended, 16 kHz mono; kept in segments of about 1 s until its commit."""
        ...

    async def clear_sound(self, ended_ms: int | None = None) -> None:
        """Drops the audio of what is no turn: without words, a backchannel, or cleared.

        ``ended_ms``: only what ended there or before, not what is spoken since; None for all.
        """
        ...

    async def prompted(self, prompt: Prompt, text: str) -> None:
        """The assistant said something that answers no turn. An event of the call, no message."""
        ...

    async def begin_turn(self, heard: HeardTurn) -> Claim | None:
        """One commit: message, words, audio, model call, the turn as RUNNING and owned by this process, its events.

        None if another turn of the session is unfinished: then the turn is QUEUED and a worker runs it.
        """
        ...

    async def reopen_turn(self, claim: Claim, heard: HeardTurn) -> Reopened | None:
        """The same turn with more words: its next attempt. The reply so far is removed, finished tool calls stay.

        None if the turn has ended in the meantime: then nothing was written.
        """
        ...

    def journal(self, claim: Claim) -> AttemptJournal:
        """The journal of the turn's attempt."""
        ...

    async def interrupted(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        """Ends the turn as CANCELLED, if it runs, and records what was heard; event ReplyInterrupted."""
        ...

    def follow(self, turn_id: UUID) -> AsyncIterator[TextDelta | Speech | TurnStatus]:
        """The reply of a turn of this session that another process runs: its text and audio, then how the turn ended.

        From the session's events, so it may be a sentence behind. Bounded; closing the iterator stops it.
        """
        ...

    async def playback_started(self, turn_id: UUID) -> None: ...

    async def playback_finished(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        """What was heard of a reply that was not interrupted, and the turn's live timing."""
        ...

    async def recorded(self, at_ms: int, duration_ms: int, packets: bytes) -> None:
        """Stores a segment of the recording of the whole call: Opus packets in stereo (``inference.audio.opus``).

        Also after the end of the call. Raises Superseded, and JournalLost.
        """
        ...

    def recording_complete(self) -> None:
        """No more is recorded: when the call has ended, its segments become one audio. Returns at once."""
        ...

    async def dropped(self) -> None:
        """The connection is lost; the call may be resumed for a while."""
        ...

    async def end(self, reason: CallEndReason) -> None: ...
