"""Tokens of live calls: a caller connects with one instead of an API key. Signed, stateless, bound to call and tenant.

A token is ``ek_`` and the base64url text of the tenant's id, the call's id, the time until which the first connection
must be made (seconds since 1970, 8 bytes), and the HMAC-SHA256 of these. Later connections are up to the call's row: a
dropped call may be resumed with the same token as long as it lives.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.calls.lifetimes import CONNECT_SECONDS
from db.errors import Forbidden
from db.models.calls import Call

#: Name of the servers' secret (``db.commands.keys.server_secret``).
CALL_TOKEN_SECRET = "call-tokens"  # noqa: S105 - the name of a secret, not one

TOKEN_PREFIX = "ek_"  # noqa: S105 - the beginning of every token; npm's client takes no other in a browser

_SIGNATURE = 32
_PAYLOAD = 16 + 16 + 8
_LENGTH = len(TOKEN_PREFIX) + (_PAYLOAD + _SIGNATURE) * 4 // 3


@dataclass(frozen=True, slots=True)
class CallToken:
    """A call to which the holder may connect. ``expires_at``: for its first connection."""

    tenant_id: UUID
    call_id: UUID
    expires_at: datetime


class CallTokens:
    """Signs and checks with the secret that all processes share."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, call: Call) -> tuple[str, datetime]:
        """The call's token and its time of expiry, which follow from the call alone: a repeat gives the same."""
        expires = int((call.opened_at + timedelta(seconds=CONNECT_SECONDS)).timestamp())
        payload = call.tenant_id.bytes + call.id.bytes + expires.to_bytes(8, "big")
        token = TOKEN_PREFIX + base64.urlsafe_b64encode(payload + self._sign(payload)).decode()
        return token, datetime.fromtimestamp(expires, UTC)

    def check(self, token: str) -> CallToken:
        """The token's content. Raises Forbidden for a wrong signature; ``db.calls.connections`` checks the expiry."""
        if len(token) != _LENGTH or not token.startswith(TOKEN_PREFIX) or not token.isascii():
            raise Forbidden("The token of the call is not valid.")
        try:
            signed = base64.b64decode(token[len(TOKEN_PREFIX) :], altchars=b"-_", validate=True)
        except binascii.Error:
            raise Forbidden("The token of the call is not valid.") from None
        payload = signed[:_PAYLOAD]
        if not hmac.compare_digest(self._sign(payload), signed[_PAYLOAD:]):
            raise Forbidden("The token of the call is not valid.")
        expires = datetime.fromtimestamp(int.from_bytes(payload[32:], "big"), UTC)
        return CallToken(UUID(bytes=payload[:16]), UUID(bytes=payload[16:32]), expires)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._secret, payload, "sha256")
