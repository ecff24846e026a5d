"""Errors with an error code of the API (``extensions.code``); clients see no other errors, which are masked.

A message says what is wrong and what would be right. It never repeats what a customer said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from db.json_value import Json


class VoxLoomError(Exception):
    """Base class. ``code`` and ``message`` are sent to the client."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def extensions(self) -> dict[str, Json]:
        """The ``extensions`` of the GraphQL error."""
        return {"code": self.code}


class InternalError(VoxLoomError):
    """A bug or a broken invariant; the log has the details."""

    code = "INTERNAL"


class Unauthenticated(VoxLoomError):
    """The API key is missing, wrong or was revoked."""

    code = "UNAUTHENTICATED"


class KeyExpired(Unauthenticated):
    """The API key has expired: another one, or a new sign-in, is needed."""

    code = "API_KEY_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The API key has expired.")


class SignInFailed(Unauthenticated):
    """The one-time token of a sign-in link is wrong, was used, or has expired."""

    code = "SIGN_IN_FAILED"


class Forbidden(VoxLoomError):
    """The request is valid but not allowed on this server, for any key."""

    code = "FORBIDDEN"


class NotFound(VoxLoomError):
    """An unknown id. Also raised for another tenant's id, so that clients cannot find out which ids exist."""

    code = "NOT_FOUND"


class AgentNotFound(NotFound):
    """The tenant has no agent of this name, or the agent is archived or has no version of this number."""

    code = "AGENT_NOT_FOUND"


class BadUserInput(VoxLoomError):
    """The request, or a value in it, is not valid; the message says what would be."""

    code = "BAD_USER_INPUT"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an agent definition or an eval file.

    ``path``: of the value, as ``scenarios[0].fields.amount``, "" for the whole. ``line`` and ``column`` count from 1;
    None if it is not a text.
    """

    message: str
    path: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """``file:line:column: path: message``, which editors know how to open."""
        place = ":".join(str(each) for each in (self.file, self.line, self.column) if each is not None)
        return ": ".join(each for each in (place, self.path, self.message) if each)


class _InvalidText(VoxLoomError):
    """``what``: the text that is not valid, in a sentence's beginning."""

    what: ClassVar[str]

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{self.what} is not valid: {problems[0]}{more}")
        self.problems = tuple(problems)

    @property
    def extensions(self) -> dict[str, Json]:
        found = [
            {"message": each.message, "path": each.path, "line": each.line, "column": each.column}
            for each in self.problems
        ]
        return {**super().extensions, "problems": found}


class InvalidDefinition(_InvalidText):
    """The agent definition is not valid; ``problems`` lists what is wrong, by path, line and column."""

    code = "INVALID_DEFINITION"
    what = "The agent definition"


class InvalidEvals(_InvalidText):
    """The eval file is not valid; ``problems`` lists what is wrong, by path, line and column."""

    code = "INVALID_EVALS"
    what = "The eval file"


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
    """The document exceeds a limit; it was not executed."""

    code = "QUERY_TOO_COMPLEX"


class OperationTimeout(VoxLoomError):
    """The operation timed out. A mutation may have been committed: repeat it with its idempotency key."""

    code = "OPERATION_TIMEOUT"


class SessionEnded(VoxLoomError):
    """The session has ended and takes no more messages."""

    code = "SESSION_ENDED"


class IdempotencyConflict(VoxLoomError):
    """The idempotency key was used in this session for something else."""

    code = "IDEMPOTENCY_CONFLICT"


class Conflict(VoxLoomError):
    """The request does not fit what is there: the session has a live call already, or the live call has ended."""

    code = "CONFLICT"


class _Retryable(VoxLoomError):
    """A temporary error. ``retry_after_seconds``: when to retry."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    @property
    def extensions(self) -> dict[str, Json]:
        return {**super().extensions, "retryAfterSeconds": self.retry_after_seconds}


class RateLimited(_Retryable):
    """The API key or the IP address exceeds its rate limit."""

    code = "RATE_LIMITED"


class Overloaded(_Retryable):
    """A queue is full, or a wait in it took too long (backpressure)."""

    code = "OVERLOADED"


class DatabaseUnavailable(_Retryable):
    """The database cannot be reached. A mutation may have been committed: repeat it with its idempotency key."""

    code = "DATABASE_UNAVAILABLE"


class AudioStoreUnavailable(_Retryable):
    """The object store of audio cannot be reached. The message was not stored."""

    code = "AUDIO_STORE_UNAVAILABLE"


class OutcomeUnknown(VoxLoomError):
    """A tool did not answer: the call may have taken effect or not."""

    code = "OUTCOME_UNKNOWN"


class EngineUnavailable(VoxLoomError):
    """An engine is missing, cannot be loaded or reached, or fails."""

    code = "ENGINE_UNAVAILABLE"


class TransientEngineError(EngineUnavailable):
    """An engine failed for a temporary reason (busy, unreachable, disconnected); a retry may succeed."""


class ConnectFailed(ConnectionError):
    """No connection to the database. The message is one line: host, port, database and the server's message.

    For operators, in logs and on the command line; never sent to clients. ``transient``: waiting may help; False if
    the server or the driver refuses DATABASE_URL. ``sqlstate``: the server's error code, if any.
    """

    def __init__(self, message: str, *, transient: bool, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.sqlstate = sqlstate
