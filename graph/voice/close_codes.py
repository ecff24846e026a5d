"""Websocket close codes of live calls (RFC 6455, section 7.4); those of 4000 and above are VoxLoom's own."""

from __future__ import annotations

from dataclasses import dataclass

from db.errors import Unauthenticated, VoxLoomError

#: Bytes of a close frame's reason (RFC 6455, section 5.5).
_REASON_BYTES = 123

_CODES = {
    "BAD_USER_INPUT": 4400,
    "UNAUTHENTICATED": 4401,
    "API_KEY_EXPIRED": 4401,
    "FORBIDDEN": 4403,
    "NOT_FOUND": 4404,
    "AGENT_NOT_FOUND": 4404,
    "SESSION_ENDED": 4410,
    "CONFLICT": 4410,
    "RATE_LIMITED": 4429,
    "OVERLOADED": 1013,
    "DATABASE_UNAVAILABLE": 1013,
    "ENGINE_UNAVAILABLE": 1013,
}

#: HTTP statuses of a refused handshake that GraphQL has not: models that are not loaded yet, a call that is over.
REFUSED_STATUS = {"ENGINE_UNAVAILABLE": 503, "SESSION_ENDED": 410, "CONFLICT": 410}


@dataclass(frozen=True, slots=True)
class Closing:
    code: int
    reason: str


IDLE = Closing(4408, "No session.update and no audio came in time")
NOT_READING = Closing(4408, "The client does not read what it is sent")
#: Of a connection whose API key was revoked or has expired.
KEY_ENDED = 4403

SUPERSEDED = Closing(4409, "Another connection has taken the call over")


def key_ended(error: Unauthenticated) -> Closing:
    """The close of a connection whose API key is not valid any more."""
    return Closing(KEY_ENDED, error.message.rstrip("."))


def closing_of(error: VoxLoomError) -> Closing:
    """The close of a connection that an error ends."""
    short = error.message.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")
    return Closing(_CODES.get(error.code, 1011), short)
