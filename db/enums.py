"""Enumerations shared by the tables, the pipeline and the GraphQL schema."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    USER = "USER"
    ASSISTANT = "ASSISTANT"


class MessageType(StrEnum):
    TEXT = "TEXT"
    AUDIO = "AUDIO"


class Channel(StrEnum):
    WEB = "WEB"
    PHONE = "PHONE"
    CHAT = "CHAT"
    API = "API"


class SessionStatus(StrEnum):
    OPEN = "OPEN"
    ENDED = "ENDED"


class SessionOutcome(StrEnum):
    """What came of a session: the first that holds, in this order (``db.sessions.summary``).

    IN_PROGRESS: a turn is queued or running, or a live call has not ended. HANDED_OVER: a record of its agent's
    scenario for handing over to a person was filed. FILED: a record was filed, or changed. FAILED: none was, and a turn
    failed. NOTHING_FILED: none of these.
    """

    IN_PROGRESS = "IN_PROGRESS"
    HANDED_OVER = "HANDED_OVER"
    FILED = "FILED"
    FAILED = "FAILED"
    NOTHING_FILED = "NOTHING_FILED"


class Stage(StrEnum):
    ASR = "ASR"
    LLM = "LLM"
    TOOL = "TOOL"
    TTS = "TTS"


class TurnStatus(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        return self in (TurnStatus.COMPLETED, TurnStatus.FAILED, TurnStatus.CANCELLED)


class CallStatus(StrEnum):
    OK = "OK"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ToolCallStatus(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    FAILED = "FAILED"


class CrmStatus(StrEnum):
    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class LiveCallStatus(StrEnum):
    """Status of a live call: opened and not connected, connected, connection lost, ended."""

    OPENED = "OPENED"
    CONNECTED = "CONNECTED"
    DROPPED = "DROPPED"
    ENDED = "ENDED"


class CallTransport(StrEnum):
    REALTIME = "REALTIME"
    TWILIO = "TWILIO"


class CallEndReason(StrEnum):
    """Why a live call ended. CLOSED: by closeCall, or with its session. DROPPED: its connection did not come back."""

    CALLER = "CALLER"
    ASSISTANT = "ASSISTANT"
    SILENCE = "SILENCE"
    CLOSED = "CLOSED"
    DROPPED = "DROPPED"
    DRAINED = "DRAINED"
    TOO_LONG = "TOO_LONG"
    FAILED = "FAILED"


class WorkerRole(StrEnum):
    """The role of a process that runs turns."""

    WORKER = "WORKER"
    VOICE = "VOICE"


class Prompt(StrEnum):
    """Why the assistant says something that answers no turn: a live call begins, or the caller is silent."""

    GREETING = "GREETING"
    STILL_THERE = "STILL_THERE"


class PlaybackSource(StrEnum):
    """How it is known what a caller heard: acknowledgements, a phone line's marks, a truncate event, or not at all.

    CLOCK: of a client without acknowledgements (the OpenAI Realtime protocol has none), which plays what it was sent in
    real time.
    """

    ACKS = "ACKS"
    MARKS = "MARKS"
    TRUNCATE = "TRUNCATE"
    CLOCK = "CLOCK"
    NONE = "NONE"


class AudioKind(StrEnum):
    """Kinds of stored audio: a customer's recording, one chunk of a reply, a whole reply, a whole live call."""

    RECORDING = "RECORDING"
    CHUNK = "CHUNK"
    REPLY = "REPLY"
    CALL = "CALL"


class KnowledgeStatus(StrEnum):
    """Status of a version's knowledge: waits for a worker, can be searched, or cannot be used."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"


class EventType(StrEnum):
    TURN_QUEUED = "TurnQueued"
    TURN_STARTED = "TurnStarted"
    STAGE_STARTED = "StageStarted"
    STAGE_COMPLETED = "StageCompleted"
    STAGE_FAILED = "StageFailed"
    STAGE_SKIPPED = "StageSkipped"
    TRANSCRIPT_PARTIAL = "TranscriptPartial"
    TRANSCRIPT_READY = "TranscriptReady"
    REPLY_DELTA = "ReplyDelta"
    REPLY_READY = "ReplyReady"
    TOOL_CALL_STARTED = "ToolCallStarted"
    TOOL_CALL_FINISHED = "ToolCallFinished"
    AUDIO_CHUNK_READY = "AudioChunkReady"
    AUDIO_READY = "AudioReady"
    TURN_COMPLETED = "TurnCompleted"
    TURN_FAILED = "TurnFailed"
    TURN_CANCELLED = "TurnCancelled"
    SESSION_ENDED = "SessionEnded"
    CALL_STARTED = "CallStarted"
    CALL_DROPPED = "CallDropped"
    CALL_RESUMED = "CallResumed"
    CALL_ENDED = "CallEnded"
    CALL_PROMPTED = "CallPrompted"
    SPEECH_STARTED = "SpeechStarted"
    SPEECH_ENDED = "SpeechEnded"
    TURN_REOPENED = "TurnReopened"
    PLAYBACK_STARTED = "PlaybackStarted"
    REPLY_INTERRUPTED = "ReplyInterrupted"
    PLAYBACK_FINISHED = "PlaybackFinished"
    CRM_RECORD_UPDATED = "CrmRecordUpdated"

    @property
    def ends_turn(self) -> bool:
        return self in (EventType.TURN_COMPLETED, EventType.TURN_FAILED, EventType.TURN_CANCELLED)


class Priority(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"
