"""``POST /sign-in``: exchanges the one-time token of a sign-in link for an API key that lasts a working day.

Request: JSON ``{"token": "vxs_…"}``. Response: ``{"key": "vxl_…", "expiresAt": "…"}``; errors as GraphQL's, with
SIGN_IN_FAILED (401) for a token that is wrong, used or expired.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from db.commands.sign_in import WRONG_LINK, is_known_token, sign_in
from db.errors import BadUserInput, PayloadTooLarge, SignInFailed, VoxLoomError
from db.postgres.database import Database
from graph.datetime_scalar import written
from graph.guards.http_refusals import refuse
from graph.guards.rate_limit import Rates, address_of
from graph.wire.json_reader import read_json
from graph.wire.json_writer import write_json
from graph.wire.negotiation import JSON, body_media_type

PATH = "/sign-in"

_MAX_BYTES = 1_000

#: Concurrent look-ups of tokens.
_MAX_LOOKS = 2


class SignIn:
    """ASGI application. A wrong token is charged to the address as a wrong API key is, and costs one statement.

    Only JSON is read: a browser sends it to another site's server after a preflight alone (CSRF).
    """

    def __init__(self, database: Database, rates: Rates) -> None:
        self._database = database
        self._rates = rates
        self._looks = asyncio.Semaphore(_MAX_LOOKS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            token = await _token(scope, receive)
            body = await self._exchanged(token, address_of(scope))
        except _NotJsonBody as error:
            await refuse(scope, receive, send, error, status=415)
        except VoxLoomError as error:
            await refuse(scope, receive, send, error)
        else:
            headers = [
                (b"content-type", JSON.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _exchanged(self, token: str, address: str) -> bytes:
        self._rates.check_failures(address)
        try:
            async with self._looks:
                is_known = await is_known_token(self._database.reader, token)
            if not is_known:
                raise SignInFailed(WRONG_LINK)
            found = await self._database.run(lambda session: sign_in(session, token))
        except SignInFailed:
            self._rates.take_failure(address)
            raise
        return write_json({"key": found.secret, "expiresAt": written(found.expires_at)})


class _NotJsonBody(BadUserInput):
    """The body is not declared as JSON (415)."""


async def _token(scope: Scope, receive: Receive) -> str:
    """The request's token. Raises BadUserInput and PayloadTooLarge."""
    headers = dict(scope["headers"])
    if body_media_type(headers.get(b"content-type", b"").decode("latin-1")) != JSON:
        raise _NotJsonBody(f"Send the token as {JSON}.")
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise BadUserInput("The request ended early.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BYTES:
            raise PayloadTooLarge(f"The request has more than {_MAX_BYTES} bytes.")
    match read_json(body):
        case {"token": str(token)}:
            return token
    raise BadUserInput('Send {"token": "..."}, with the text after #sign-in= of the link.')
