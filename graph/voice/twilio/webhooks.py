"""Twilio's webhooks: a call comes in (or its stream has ended), and how a call's status changes.

``POST /v1/twilio/voice`` answers with TwiML: the stream to connect the caller to. It is idempotent by ``CallSid``, so
a repeated request leads to the same call; so does the request after a stream has ended: the call goes on in another
stream if its connection was lost, and is hung up if it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qsl

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from db.commands.phone_calls import end_phone_call, find_phone_call, open_phone_call, phone_viewer
from db.enums import CallEndReason, CallTransport, LiveCallStatus
from db.errors import BadUserInput, Forbidden, Overloaded, RateLimited, VoxLoomError
from db.languages import LANGUAGES
from db.models.calls import Call
from db.postgres.outage import client_error
from graph.errors import masked
from graph.guards.call_tokens import CallTokens
from graph.guards.rate_limit import address_of
from graph.public_url import CALL_PATHS, base_of
from graph.voice.parts import VoiceParts
from graph.voice.settings import TwilioNumber
from graph.voice.twilio import twiml
from graph.voice.twilio.signature import HEADER, is_signed
from graph.wire.error_body import error_body, http_status
from inference.ports import JournalLost, Superseded

VOICE_PATH = "/v1/twilio/voice"
STATUS_PATH = "/v1/twilio/status"

ANONYMOUS = "anonymous"

#: Twilio sends some 20 parameters.
_MAX_PARAMETERS = 200

_CALL_SID = re.compile("[A-Za-z0-9]{1,64}", re.ASCII)

#: A caller's number (E.164), SIP address or client name. Twilio writes withheld numbers as words or as +266696687.
_CALLER = re.compile(r"\+[0-9]{2,20}|(sip|client):[^\s\x00-\x1f\x7f]{1,150}", re.ASCII)
_WITHHELD = "+266696687"

#: The statuses of a call that is over.
_ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

log = structlog.get_logger(__name__)


class TwilioWebhooks:
    """``auth_token``: of the Twilio account. ``answered``: the languages that a session may have."""

    def __init__(
        self, parts: VoiceParts, tokens: CallTokens, auth_token: str, answered: Collection[str] = LANGUAGES
    ) -> None:
        self._parts = parts
        self._tokens = tokens
        self._auth_token = auth_token
        self._answered = answered
        self._numbers: Mapping[str, TwilioNumber] = {each.number: each for each in parts.settings.twilio_numbers}

    async def voice(self, request: Request) -> Response:
        """A call comes in, or its stream has ended."""
        try:
            given = await self._verified(request)
        except VoxLoomError as error:
            return _refusal(error)
        number = self._numbers.get(given.get("To", ""))
        if number is None:
            log.warning("twilio_number_unknown", to=given.get("To", "")[:40])
            return _xml(twiml.REJECT)
        try:
            call = await self._parts.database.run(partial(self._open, given=given, number=number))
        except Overloaded as error:
            log.info("twilio_call_refused", reason=error.code)
            return _xml(twiml.busy(number.language))
        except Exception as error:  # the database is away, the tenant does not exist, models do not load
            log.error("twilio_call_failed", number=number.number, code=_shown(error, VOICE_PATH).code)
            return _xml(twiml.failed(number.language))
        if call.status is LiveCallStatus.ENDED:
            return _xml(twiml.HANG_UP)
        base = self._base(request)
        stream_url = base.replace("http", "ws", 1) + CALL_PATHS[CallTransport.TWILIO]
        token, _ = self._tokens.sign(call)
        return _xml(twiml.connect(stream_url, token, action=base + VOICE_PATH))

    async def status(self, request: Request) -> Response:
        """The status of a call has changed. One that is over is hung up; usually its stream has said so before."""
        try:
            given = await self._verified(request)
        except VoxLoomError as error:
            return _refusal(error)
        number = self._numbers.get(given.get("To", ""))
        if number is not None and given.get("CallStatus") in _ENDED:
            try:
                await self._hung_up(given, number)
            except Exception as error:
                return _refusal(_shown(error, STATUS_PATH))
        return Response(status_code=204)

    async def _verified(self, request: Request) -> dict[str, str]:
        """The parameters of a request that Twilio has signed; nothing else is done before. Raises VoxLoomError."""
        address = address_of(request.scope)
        rates = self._parts.rates
        rates.check_failures(address)
        try:
            body = (await request.body()).decode("ascii")
            pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
        except (ValueError, ClientDisconnect):
            rates.take_failure(address)
            raise BadUserInput("The body must be application/x-www-form-urlencoded.") from None
        url = self._base(request) + request.url.path
        if request.url.query:
            url += f"?{request.url.query}"
        signatures = request.headers.getlist(HEADER)
        if len(signatures) != 1 or not is_signed(self._auth_token, url, pairs, signatures[0]):
            rates.take_failure(address)
            raise Forbidden("The signature is not Twilio's for this URL (X-Twilio-Signature).")
        given = dict(pairs)
        if _CALL_SID.fullmatch(given.get("CallSid", "")) is None:
            raise BadUserInput("CallSid is missing.")
        return given

    def _base(self, request: Request) -> str:
        """The voice role's base URL as Twilio calls it, http or https."""
        url = self._parts.settings.voice_url
        if url is not None:
            return ("http" + url.removeprefix("ws") if url.startswith("ws") else url).rstrip("/")
        return base_of(request.scope, None)

    async def _open(self, session: AsyncSession, *, given: Mapping[str, str], number: TwilioNumber) -> Call:
        viewer = await phone_viewer(session, number.tenant)
        return await open_phone_call(
            session,
            viewer,
            network_id=given["CallSid"],
            customer_id=_customer(given),
            language=number.language,
            persona=number.agent,
            metadata={"callSid": given["CallSid"], "dialled": number.number},
            check=self._parts.calls.check_admission,
            answered=self._answered,
        )

    async def _hung_up(self, given: Mapping[str, str], number: TwilioNumber) -> None:
        found = await self._parts.database.run(partial(_find, given=given, number=number))
        call = None if found is None else self._parts.calls.call(found.id)
        if call is not None:
            with suppress(Superseded, JournalLost):  # it is another process's now, or the sweep ends it
                await call.hang_up(CallEndReason.CALLER)
        elif found is not None:
            await self._parts.database.run(partial(_end, given=given, number=number))


async def _find(session: AsyncSession, *, given: Mapping[str, str], number: TwilioNumber) -> Call | None:
    viewer = await phone_viewer(session, number.tenant)
    return await find_phone_call(session, viewer, network_id=given["CallSid"], customer_id=_customer(given))


async def _end(session: AsyncSession, *, given: Mapping[str, str], number: TwilioNumber) -> None:
    viewer = await phone_viewer(session, number.tenant)
    await end_phone_call(session, viewer, network_id=given["CallSid"], customer_id=_customer(given))


def _customer(given: Mapping[str, str]) -> str:
    caller = given.get("From", "")
    return caller if caller != _WITHHELD and _CALLER.fullmatch(caller) else ANONYMOUS


def _shown(error: Exception, path: str) -> VoxLoomError:
    known = error if isinstance(error, VoxLoomError) else client_error(error)
    return known or masked(error, path=path)


def _xml(text: str) -> Response:
    content = f'<?xml version="1.0" encoding="UTF-8"?>{text}'
    return Response(content, media_type="text/xml", headers={"cache-control": "no-store"})


def _refusal(error: VoxLoomError) -> Response:
    headers = {"cache-control": "no-store"}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(int(error.retry_after_seconds) + 1)
    return Response(error_body(error), http_status(error.code), headers, "application/json")
