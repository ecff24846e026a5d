"""Errors that a client may see. Each carries a code of the contract; anything else is masked.

A message names what is wrong and what would be right. It never repeats what a customer said.
"""

from __future__ import annotations

from typing import ClassVar

from db.json_value import Json


class VoxLoomError(Exception):
    """A known error: ``code`` goes to the client as ``extensions.code``, ``message`` as it is."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def extensions(self) -> dict[str, Json]:
        """What GraphQL puts beside the message."""
        return {"code": self.code}


class InternalError(VoxLoomError):
    """Something that should not happen; what it was is in the log."""

    code = "INTERNAL"


class Unauthenticated(VoxLoomError):
    """The API key is missing, wrong or was revoked."""

    code = "UNAUTHENTICATED"


class Forbidden(VoxLoomError):
    """The request is understood and not allowed on this server, whoever asks."""

    code = "FORBIDDEN"


class NotFound(VoxLoomError):
    """Also what another tenant's id answers: which ids exist is nobody else's business."""

    code = "NOT_FOUND"


class BadUserInput(VoxLoomError):
    """The request, or a value in it, is not valid; the message says what would be."""

    code = "BAD_USER_INPUT"


class AudioUnreadable(VoxLoomError):
    """The recording cannot be decoded: its format or codec is not supported, or it is damaged."""

    code = "AUDIO_UNREADABLE"


class AudioTooLong(VoxLoomError):
    """The recording is longer than VOXLOOM_MAX_AUDIO_SECONDS."""

    code = "AUDIO_TOO_LONG"


class PayloadTooLarge(VoxLoomError):
    """The request, or the recording in it, has more bytes than it may."""

    code = "PAYLOAD_TOO_LARGE"


class QueryTooComplex(VoxLoomError):
    """A document that asks for too much; it was not run."""

    code = "QUERY_TOO_COMPLEX"


class OperationTimeout(VoxLoomError):
    """An operation took longer than it may. A mutation may have been stored: its idempotency key finds it."""

    code = "OPERATION_TIMEOUT"


class SessionEnded(VoxLoomError):
    """The session has ended and takes no more messages."""

    code = "SESSION_ENDED"


class IdempotencyConflict(VoxLoomError):
    """The idempotency key was used in this session for something else."""

    code = "IDEMPOTENCY_CONFLICT"


class _Later(VoxLoomError):
    """An error that passes. ``retry_after_seconds``: when to try again."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    @property
    def extensions(self) -> dict[str, Json]:
        return {**super().extensions, "retryAfterSeconds": self.retry_after_seconds}


class RateLimited(_Later):
    """The key, or the address, asks more often than it may."""

    code = "RATE_LIMITED"


class Overloaded(_Later):
    """More is waiting than is allowed to wait."""

    code = "OVERLOADED"


class DatabaseUnavailable(_Later):
    """The database cannot be reached. What was to be stored was not, or is found by its idempotency key."""

    code = "DATABASE_UNAVAILABLE"


class AudioStoreUnavailable(_Later):
    """The object store of audio cannot be reached. A message that was to be stored there was not."""

    code = "AUDIO_STORE_UNAVAILABLE"


class OutcomeUnknown(VoxLoomError):
    """A tool was asked and did not answer: it may have done what it was asked, or not."""

    code = "OUTCOME_UNKNOWN"


class EngineUnavailable(VoxLoomError):
    """An engine is missing, cannot load, cannot be reached, or does not do what was asked of it."""

    code = "ENGINE_UNAVAILABLE"


class TransientEngineError(EngineUnavailable):
    """An engine failed for a reason that passes: busy, unreachable for now, cut off. Trying again may do."""


class ConnectFailed(ConnectionError):
    """No connection to the database. The message is one line: host, port and database, and the server's own words.

    It is for operators, in logs and on the command line, and never for clients. ``passes``: waiting may help; it does
    not where the server or the driver refuses what DATABASE_URL says. ``sqlstate``: the server's code, if it gave one.
    """

    def __init__(self, message: str, *, passes: bool, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.passes = passes
        self.sqlstate = sqlstate
