"""Twilio's webhooks: signatures, who answers which number, the same call again, refusals in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import text

from db.commands.calls import close_call
from db.errors import EngineUnavailable
from db.postgres.database import Database
from db.viewer import Viewer
from graph.voice.settings import TwilioNumber, VoiceSettings
from graph.voice.twilio.signature import HEADER, is_signed, signature
from inference.engines.fake.chat import echo
from tests.graph.voice.twilio.exchange import Exchange, exchange
from tests.graph.voice.twilio.simulator import AUTH_TOKEN, NUMBER, PhoneCall

_VOICE = "/v1/twilio/voice"
#: The example of Twilio's documents.
_EXAMPLE = "https://mycompany.com/myapp.php?foo=1&bar=2"
_PARAMETERS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]


@pytest.fixture
async def line(database: Database, key: str) -> AsyncIterator[Exchange]:
    async with exchange(database, echo, requests_per_minute=600) as running:
        yield running


async def count(database: Database, table: str) -> int:
    async with database.reading() as session:
        return int((await session.execute(text(f"select count(*) from {table}"))).scalar_one())


async def ring(call: PhoneCall, **more: str) -> ElementTree.Element:
    response = await call.webhook(_VOICE, **more)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    return ElementTree.fromstring(response.text)


def test_the_signature_is_that_of_twilios_documents() -> None:
    assert signature("12345", _EXAMPLE, _PARAMETERS) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("called", "seen"),
    [
        ("https://a.com/x", "https://a.com:443/x"),
        ("https://a.com:443/x", "https://a.com/x"),
        ("http://a.com:80/x?y=1", "http://a.com/x?y=1"),
        ("https://a.com:8010/x", "https://a.com:8010/x"),
    ],
)
def test_the_schemes_own_port_makes_no_difference(called: str, seen: str) -> None:
    assert is_signed("12345", seen, _PARAMETERS, signature("12345", called, _PARAMETERS))


@pytest.mark.parametrize("given", ["", "x", "\u00e9", signature("other", _EXAMPLE, _PARAMETERS)])
def test_another_signature_does_not_fit(given: str) -> None:
    assert not is_signed("12345", _EXAMPLE, _PARAMETERS, given)
    assert not is_signed("12345", "https://a.com:444/x", _PARAMETERS, signature("12345", "https://a.com/x", []))


async def test_an_incoming_call_is_connected(line: Exchange, database: Database) -> None:
    answer = await ring(PhoneCall(line.base))
    stream = answer.find("Connect/Stream")
    assert stream is not None
    assert stream.attrib["url"] == line.base.replace("http", "ws") + "/v1/twilio/media"
    (parameter,) = stream
    token = line.tokens.check(parameter.attrib["value"])
    async with database.reading() as session:
        (row,) = (await session.execute(text("select * from calls"))).mappings()
    assert (token.call_id, row["status"], row["transport"]) == (row["id"], "OPENED", "TWILIO")


async def test_the_same_call_again_is_the_same_call_also_at_once(line: Exchange, database: Database) -> None:
    call = PhoneCall(line.base)
    answers = await asyncio.gather(*(ring(call) for _ in range(4)))
    assert len({ElementTree.tostring(each) for each in answers}) == 1
    assert (await count(database, "calls"), await count(database, "sessions")) == (1, 1)
    await ring(PhoneCall(line.base))
    assert (await count(database, "calls"), await count(database, "sessions")) == (2, 2)


async def test_a_call_that_has_ended_is_hung_up(line: Exchange, database: Database, viewer: Viewer) -> None:
    call = PhoneCall(line.base)
    await ring(call)
    async with database.reading() as session:
        call_id = (await session.execute(text("select id from calls"))).scalar_one()
    await database.run(lambda session: close_call(session, viewer, call_id=call_id))
    assert [each.tag for each in await ring(call)] == ["Hangup"]


async def test_a_caller_who_hangs_up_before_the_stream_ends_the_call(line: Exchange, database: Database) -> None:
    call = PhoneCall(line.base)
    await ring(call)
    for status in ("ringing", "completed", "completed"):
        assert (await call.webhook("/v1/twilio/status", CallStatus=status)).status_code == 204
    async with database.reading() as session:
        assert (await session.execute(text("select end_reason from calls"))).scalar_one() == "CALLER"


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "", "x" * 300, "+1\u0000", "Restricted"])
async def test_a_withheld_number_is_anonymous(line: Exchange, database: Database, caller: str) -> None:
    await ring(PhoneCall(line.base, caller=caller))
    async with database.reading() as session:
        assert (await session.execute(text("select customer_id from sessions"))).scalar_one() == "anonymous"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"headers": {}}, 403),
        ({"headers": {HEADER: "AAAA"}}, 403),
        ({"headers": [(HEADER, "good"), (HEADER, "good")]}, 403),
        ({"path": _VOICE + "?x=1"}, 403),
        ({"more": {"CallStatus": "x"}}, 403),
        ({"content": b"\xff\xfe"}, 400),
        ({"content": "&".join(f"p{at}=1" for at in range(300))}, 400),
        ({"content": b"a=" + b"x" * 200_000}, 413),
        ({"form": {"To": NUMBER}}, 400),
        ({"form": {"To": NUMBER, "CallSid": "x" * 65}}, 400),
        ({"form": {"To": NUMBER, "CallSid": "a b"}}, 400),
    ],
)
async def test_what_twilio_did_not_sign_or_does_not_send_opens_nothing(
    line: Exchange, database: Database, sent: dict[str, Any], status: int
) -> None:
    form = sent.get("form", {"CallSid": "CA1", "To": NUMBER, "From": "+1555"})
    good = signature(AUTH_TOKEN, line.base + _VOICE, form.items())
    headers = sent.get("headers", {HEADER: good})
    if isinstance(headers, list):
        headers = [(name, good) for name, _ in headers]
    given: dict[str, Any] = {"content": sent["content"]} if "content" in sent else {"data": form | sent.get("more", {})}
    async with httpx.AsyncClient() as http:
        response = await http.post(line.base + sent.get("path", _VOICE), headers=headers, **given)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"]
    assert await count(database, "sessions") == 0


async def test_wrong_signatures_are_charged_to_the_address(database: Database, key: str) -> None:
    async with exchange(database, echo, requests_per_minute=60) as line, httpx.AsyncClient() as http:
        statuses = [(await http.post(line.base + _VOICE, data={"a": "b"})).status_code for _ in range(30)]
    assert statuses == [403] * 20 + [429] * 10


async def test_behind_a_proxy_the_configured_url_is_signed(database: Database, key: str) -> None:
    async with exchange(database, echo, voice_url="wss://voice.example.com/phone/") as line:
        form = {"CallSid": "CA1", "To": NUMBER, "From": "+1555"}
        signed = signature(AUTH_TOKEN, f"https://voice.example.com/phone{_VOICE}", form.items())
        async with httpx.AsyncClient() as http:
            answer = (await http.post(line.base + _VOICE, data=form, headers={HEADER: signed})).text
    assert 'url="wss://voice.example.com/phone/v1/twilio/media"' in answer
    assert f'action="https://voice.example.com/phone{_VOICE}"' in answer


async def test_an_unknown_number_is_rejected(line: Exchange, database: Database) -> None:
    assert [each.tag for each in await ring(PhoneCall(line.base, to="+15559999"))] == ["Reject"]
    assert await count(database, "sessions") == 0


async def test_a_full_server_says_so_in_the_numbers_language(database: Database, key: str) -> None:
    number = TwilioNumber(number=NUMBER, agent="billing_agent", language="de-AT", tenant="acme")
    async with exchange(database, echo, max_calls=1, twilio_numbers=[number]) as line:
        line.parts.calls.draining = True
        say, hang_up = await ring(PhoneCall(line.base))
        assert (say.attrib["language"], hang_up.tag) == ("de-DE", "Hangup")
        assert "belegt" in (say.text or "")
        assert await count(database, "sessions") == 0


async def test_a_call_that_is_known_is_not_refused_for_want_of_room(line: Exchange, database: Database) -> None:
    call = PhoneCall(line.base)
    await ring(call)
    line.parts.calls.draining = True
    assert (await ring(call)).find("Connect") is not None


async def test_what_fails_is_said_without_details(
    database: Database, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = TwilioNumber(number=NUMBER, agent="billing_agent", tenant="nobody")
    unpublished = TwilioNumber(number="+15550001111", agent="nobody", tenant="acme")
    async with exchange(database, echo, twilio_numbers=[number, unpublished]) as line:
        assert "technical problem" in ElementTree.tostring(
            await ring(PhoneCall(line.base, to="+15550001111")), "unicode"
        )
        assert "technical problem" in ElementTree.tostring(await ring(PhoneCall(line.base)), "unicode")
    async with exchange(database, echo) as line:
        for error in (EngineUnavailable("The models are not loaded."), ValueError("secret")):

            def fails(error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(line.parts.calls, "check_admission", fails)
            answer = ElementTree.tostring(await ring(PhoneCall(line.base)), "unicode")
            assert "technical problem" in answer
            assert "secret" not in answer


async def test_without_an_auth_token_there_are_no_routes(database: Database, key: str) -> None:
    async with exchange(database, echo, twilio_auth_token=None) as line, httpx.AsyncClient() as http:
        assert (await http.post(line.base + _VOICE)).status_code == 404


@pytest.mark.parametrize(
    "number", [{"number": "15551234567", "agent": "billing_agent"}, {"number": "+15551234567", "agent": "No body"}]
)
def test_a_wrong_number_or_agent_is_noticed_at_the_start(number: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="twilio_numbers"):
        VoiceSettings(database_url="postgresql://none", twilio_numbers=[number])
