"""Invalid messages and sessions: each gets its error code, and nothing is stored."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest

from inference.audio.wav import encode_wav
from tests.client import CREATE, SEND, Client, GraphQLFailed
from tests.db.encode import encode, with_data_size
from tests.graph.edge import Edge, code_of, post, post_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALF = "\ud800"
CALL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { id status error result } } }"


def silence(seconds: float) -> bytes:
    return encode_wav(np.zeros(int(seconds * 8000), np.float32), 8000)


def quiet_flac(seconds: int) -> bytes:
    """Silence that takes few bytes and little time to make."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono")
        for _ in range(seconds):
            second = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
            second.sample_rate = 8000
            output.mux(stream.encode(second))
        output.mux(stream.encode(None))
    return file.getvalue()


def sound(data: bytes, mime_type: str = "audio/wav") -> dict[str, Any]:
    return {"audio": {"base64": base64.b64encode(data).decode(), "mimeType": mime_type}}


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return dict(value)


CONTENT: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no content": (dict, "BAD_USER_INPUT"),
    "null text": (lambda: {"text": None}, "BAD_USER_INPUT"),
    "null audio": (lambda: {"audio": None}, "BAD_USER_INPUT"),
    "text and audio": (lambda: {"text": "a", **sound(silence(1))}, "BAD_USER_INPUT"),
    "text and null audio": (lambda: {"text": "a", "audio": None}, "BAD_USER_INPUT"),
    "empty text": (lambda: {"text": ""}, "BAD_USER_INPUT"),
    "only spaces": (lambda: {"text": " \n\t\u2003\u200b"}, "BAD_USER_INPUT"),
    "too long a text": (lambda: {"text": "a" * 4001}, "BAD_USER_INPUT"),
    "NUL in the text": (lambda: {"text": "a\0b"}, "BAD_USER_INPUT"),
    "half a character": (lambda: {"text": f"a{HALF}"}, "BAD_USER_INPUT"),
    "an upload that is no file": (lambda: {"upload": "voice.wav"}, "BAD_USER_INPUT"),
    "broken base64": (lambda: {"audio": {"base64": "UklGR!!", "mimeType": "audio/wav"}}, "BAD_USER_INPUT"),
    "cut base64": (lambda: {"audio": {"base64": "UklGR", "mimeType": "audio/wav"}}, "BAD_USER_INPUT"),
    "base64 beyond ASCII": (lambda: {"audio": {"base64": f"é{HALF}", "mimeType": "audio/wav"}}, "BAD_USER_INPUT"),
    "empty base64": (lambda: sound(b""), "AUDIO_UNREADABLE"),
    "no audio": (lambda: sound(b"hello, this is no recording" * 50), "AUDIO_UNREADABLE"),
    "a picture": (lambda: sound(b"\x89PNG\r\n\x1a\n" + bytes(500)), "AUDIO_UNREADABLE"),
    "a list of files": (lambda: sound(b"ffconcat version 1.0\nfile /etc/passwd\n"), "AUDIO_UNREADABLE"),
    "truncated wav": (lambda: sound(silence(2)[:9000]), "AUDIO_UNREADABLE"),
    "truncated flac": (lambda: sound(encode("flac", "flac", rate=16000)[:-4000]), "AUDIO_UNREADABLE"),
    "zero seconds": (lambda: sound(silence(0)), "AUDIO_UNREADABLE"),
    "a wav that lies about its size": (lambda: sound(with_data_size(silence(1), 2**30)), "AUDIO_UNREADABLE"),
    "called a page": (lambda: sound(silence(1), "text/html"), "AUDIO_UNREADABLE"),
    "a type of rubbish": (lambda: sound(silence(1), f"\0{HALF}"), "AUDIO_UNREADABLE"),
    "ten minutes": (lambda: sound(quiet_flac(600), "audio/flac"), "AUDIO_TOO_LONG"),
    "too many bytes": (lambda: sound(bytes(300_001)), "PAYLOAD_TOO_LARGE"),
}


@pytest.mark.parametrize("name", CONTENT)
async def test_a_message_that_is_none(edge: Edge, acme: Client, name: str) -> None:
    make, code = CONTENT[name]
    session = await acme.create_session()
    before = await edge.rows()
    answer = await post(acme, SEND, {"input": {"sessionId": session, "content": make()}})
    assert code_of(answer) == code
    assert answer.get("data") in (None, {"sendMessage": None})
    assert await edge.rows() == before


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"no recording", "AUDIO_UNREADABLE"), (b"", "AUDIO_UNREADABLE"), (bytes(300_001), "PAYLOAD_TOO_LARGE")],
    ids=["no audio", "empty", "too large"],
)
async def test_a_file_that_is_no_recording(edge: Edge, acme: Client, data: bytes, code: str) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    with pytest.raises(GraphQLFailed) as failed:
        await acme.upload(session, data, "voice.wav", "audio/wav")
    assert failed.value.code == code
    assert await edge.rows() == before


async def test_a_recording_counts_as_what_it_is(acme: Client) -> None:
    session = await acme.create_session()
    flac = encode("flac", "flac", rate=16000)
    turn = await acme.send(session, sound(flac, "audio/mpeg"))
    audio = turn["userMessage"]["audio"]
    assert (audio["mimeType"], audio["durationMs"], audio["sampleRate"]) == ("audio/flac", 2000, 16000)
    assert audio["sizeBytes"] == len(flac)


@pytest.mark.parametrize(
    "wait", ["NaN", "Infinity", "-Infinity", "1e999", "-1", "60.5", "1" + "0" * 400, '"1"', "null"]
)
async def test_a_wait_that_is_none(edge: Edge, acme: Client, wait: str) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    request = {
        "query": SEND,
        "variables": {"input": {"sessionId": session, "content": {"text": "a"}, "waitSeconds": 7}},
    }
    answer = await post_raw(acme, json.dumps(request).replace('"waitSeconds": 7', f'"waitSeconds": {wait}'))
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


SESSIONS: dict[str, dict[str, Any]] = {
    "empty customerId": {"customerId": ""},
    "blank customerId": {"customerId": " \u2028"},
    "long customerId": {"customerId": "a" * 201},
    "NUL in customerId": {"customerId": "a\0"},
    "half a character in customerId": {"customerId": HALF},
    "unknown language": {"language": "xx"},
    "no language": {"language": ""},
    "NUL in language": {"language": "en\0"},
    "half a character in language": {"language": HALF},
    "language of 10 kB": {"language": "en" * 5000},
    "null language": {"language": None},
    "unknown channel": {"channel": f"PIGEON{HALF}"},
    "metadata is a text": {"metadata": "a"},
    "metadata is a list": {"metadata": [1]},
    "metadata is a bool": {"metadata": True},
    "metadata too deep": {"metadata": nested(13)},
    "metadata far too deep": {"metadata": nested(300)},
    "metadata too large": {"metadata": {"a": "x" * 20_000}},
    "metadata of numbers that are long when written out": {"metadata": {"a": [1e308] * 2000}},
    "metadata of tiny numbers": {"metadata": {"a": [1e-300] * 100}},
    "NUL in metadata": {"metadata": {"a": ["\0"]}},
    "NUL in a name in metadata": {"metadata": {"\0": 1}},
    "half a character in metadata": {"metadata": {"a": HALF}},
    "metadata not a number": {"metadata": {"a": float("nan")}},
    "metadata without an end": {"metadata": {"a": float("inf")}},
    "metadata with a number of 5,000 digits": {"metadata": {"a": "DIGITS"}},
}


@pytest.mark.parametrize("name", SESSIONS)
async def test_a_session_that_cannot_be(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    body = json.dumps({"query": CREATE, "variables": {"input": {"customerId": "c", **SESSIONS[name]}}})
    answer = await post_raw(acme, body.replace('"DIGITS"', "9" * 5000))
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


@pytest.mark.parametrize(
    "persona", ["", "pirate", "Billing_agent", "billing_agent ", "billing_agent\0", HALF, "a" * 10_000]
)
async def test_a_session_with_an_agent_that_is_not_there(edge: Edge, acme: Client, persona: str) -> None:
    before = await edge.rows()
    given = {"customerId": "c", "persona": persona}
    answer = await post_raw(acme, json.dumps({"query": CREATE, "variables": {"input": given}}))
    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == "AGENT_NOT_FOUND"
    assert error["message"] == "No such agent: use one of billing_agent, retention_agent, technical_agent."
    assert await edge.rows() == before


async def test_metadata_of_any_numbers_is_given_back(acme: Client) -> None:
    metadata = {"big": 10**30, "nine": "\\u0000 is no NUL", "deep": nested(10)}
    session = await acme.create_session(metadata={**metadata, "float": 1e300})
    found = (await acme.run("query($id: ID!) { session(id: $id) { metadata } }", id=session))["session"]["metadata"]
    assert float(found.pop("float")) == 1e300
    assert found == metadata


KEYS = {"empty": "", "blank": " ", "long": "k" * 201, "NUL": "k\0", "half a character": HALF}


@pytest.mark.parametrize("name", KEYS)
async def test_an_idempotency_key_that_is_none(edge: Edge, acme: Client, name: str) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    message = {"sessionId": session, "content": {"text": "a"}, "idempotencyKey": KEYS[name]}
    assert code_of(await post(acme, SEND, {"input": message})) == "BAD_USER_INPUT"
    tool = {"sessionId": session, "name": "billing_query", "arguments": {"query": "q", "intent": "billing"}}
    assert code_of(await post(acme, CALL, {"input": {**tool, "idempotencyKey": KEYS[name]}})) == "BAD_USER_INPUT"
    assert await edge.rows() == before


TOOLS: dict[str, dict[str, Any]] = {
    "unknown scenario": {"name": "order_pizza"},
    "half a character as name": {"name": HALF},
    "name of 10 kB": {"name": "a" * 10_000},
    "arguments are a text": {"arguments": "a"},
    "arguments are a list": {"arguments": []},
    "null arguments": {"arguments": None},
    "arguments too deep": {"arguments": nested(13)},
    "arguments too large": {"arguments": {"query": "x" * 20_000}},
    "arguments of numbers that are long when written out": {"arguments": {"query": [1e308] * 100}},
    "NUL in arguments": {"arguments": {"query": "a\0", "intent": "billing"}},
    "half a character in arguments": {"arguments": {"query": HALF, "intent": "billing"}},
    "arguments not a number": {"arguments": {"query": "q", "intent": "billing", "name": float("nan")}},
}


@pytest.mark.parametrize("name", TOOLS)
async def test_a_tool_call_that_cannot_be(edge: Edge, acme: Client, name: str) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    given = {"name": "billing_query", "arguments": {"query": "q", "intent": "billing"}, **TOOLS[name]}
    assert code_of(await post(acme, CALL, {"input": {"sessionId": session, **given}})) == "BAD_USER_INPUT"
    assert await edge.rows() == before


@pytest.mark.parametrize("limit", [0, 51, 10**30, "5 or so"])
async def test_refused_arguments_are_on_record_without_their_values(acme: Client, limit: object) -> None:
    session = await acme.create_session()
    given = {"name": "find_crm_records", "arguments": {"limit": limit}}
    answer = await post(acme, CALL, {"input": {"sessionId": session, **given}})
    call = answer["data"]["callTool"]["toolCall"]
    assert call["status"] == "FAILED"
    assert [each["loc"] for each in call["result"]["errors"]] == ["limit"]
    assert str(limit) not in json.dumps(call["result"]).replace("50", "")


async def test_nothing_more_in_a_session_that_ended(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    end = "mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { status endedAt lastSeq } } }"
    ended = await acme.run(end, id=session)
    before = await edge.rows()
    message = {"sessionId": session, "content": {"text": "are you there?"}}
    assert code_of(await post(acme, SEND, {"input": message})) == "SESSION_ENDED"
    tool = {"sessionId": session, "name": "billing_query", "arguments": {"query": "q", "intent": "billing"}}
    assert code_of(await post(acme, CALL, {"input": tool})) == "SESSION_ENDED"
    assert await acme.run(end, id=session) == ended
    assert await edge.rows() == before
