"""Persisted documents over every transport: bodies of any size, forms, query strings, streams and websockets."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.client import CREATE, EVENTS, SEND, Client
from tests.graph.edge import Edge, bare_socket, code_of, init, noise, post_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

SSE = "text/event-stream"
MULTIPART = "multipart/mixed;subscriptionSpec=1.0,application/json"
VIEWER = "{ viewer { tenant } }"
RECORDING = noise(4)


def fresh(text: str, name: str) -> tuple[str, dict[str, Any]]:
    """A document that no other test has registered, and the extensions with its hash."""
    own = f"{text} # {name}"
    return own, {"persistedQuery": {"version": 1, "sha256Hash": sha256(own.encode()).hexdigest()}}


async def is_known(client: Client, extensions: dict[str, Any]) -> bool:
    answer = await client.http.post("/graphql", json={"extensions": extensions})
    return "PERSISTED_QUERY_NOT_FOUND" not in answer.text


def spoken(session_id: str) -> dict[str, Any]:
    audio = {"base64": base64.b64encode(RECORDING).decode(), "mimeType": "audio/wav"}
    return {"input": {"sessionId": session_id, "content": {"audio": audio}}}


async def test_a_body_of_any_size(acme: Client) -> None:
    session = await acme.create_session()
    text, extensions = fresh(SEND, "large")
    asked = {"extensions": extensions, "variables": spoken(session)}
    assert len(json.dumps(asked)) > 100_000
    unknown = await acme.http.post("/graphql", json=asked)
    assert (unknown.status_code, code_of(unknown.json())) == (200, "PERSISTED_QUERY_NOT_FOUND")
    wrong = {**asked, "query": SEND}
    assert code_of((await acme.http.post("/graphql", json=wrong)).json()) == "BAD_USER_INPUT"
    for given in ({**asked, "query": text}, asked):
        answer = (await acme.http.post("/graphql", json=given)).json()
        assert answer["data"]["sendMessage"]["turn"]["userMessage"]["type"] == "AUDIO"


async def test_a_form_with_a_file(acme: Client) -> None:
    session = await acme.create_session()
    text, extensions = fresh(SEND, "form")
    variables = {"input": {"sessionId": session, "content": {"upload": None}}}

    async def upload(**more: str) -> httpx.Response:
        fields = {
            "operations": json.dumps({"extensions": extensions, "variables": variables, **more}),
            "map": json.dumps({"file": ["variables.input.content.upload"]}),
        }
        return await acme.http.post("/graphql", data=fields, files={"file": ("a.wav", RECORDING, "audio/wav")})

    assert code_of((await upload()).json()) == "PERSISTED_QUERY_NOT_FOUND"
    assert code_of((await upload(query=SEND)).json()) == "BAD_USER_INPUT"
    for answer in (await upload(query=text), await upload()):
        assert answer.json()["data"]["sendMessage"]["turn"]["userMessage"]["type"] == "AUDIO"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_a_stream_tells_it_in_the_stream(acme: Client, accept: str, method: str) -> None:
    text, extensions = fresh(VIEWER, f"{accept} {method}")

    async def asked(**more: str) -> httpx.Response:
        if method == "POST":
            return await acme.http.post("/graphql", json={"extensions": extensions, **more}, headers={"accept": accept})
        params = {"extensions": json.dumps(extensions), **more}
        return await acme.http.get("/graphql", params=params, headers={"accept": accept})

    unknown, told, known = await asked(), await asked(query=text), await asked()
    for answer in (unknown, told, known):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(accept.partition(";")[0])
    assert "PERSISTED_QUERY_NOT_FOUND" in unknown.text
    assert unknown.text.endswith("event: complete\ndata:\n\n" if accept == SSE else "\r\n--graphql--\r\n")
    for answer in (told, known):
        assert '"tenant":"tenant-' in answer.text


@pytest.mark.parametrize("empty", [{}, {"query": None}, {"query": ""}])
async def test_a_socket_runs_by_hash_and_stays_open(acme: Client, empty: dict[str, Any]) -> None:
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})
    text, extensions = fresh(EVENTS, f"socket {empty}")
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()

        async def first(name: str, **payload: Any) -> dict[str, Any]:
            given = {"variables": {"id": session}, **payload}
            await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": given}))
            message: dict[str, Any] = json.loads(await socket.recv())
            assert message["id"] == name
            return message

        unknown = await first("1", extensions=extensions, **empty)
        assert (unknown["type"], unknown["payload"][0]["message"]) == ("error", "PersistedQueryNotFound")
        wrong = await first("2", extensions=extensions, query=EVENTS)
        assert wrong["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        for name, payload in (("3", {"query": text}), ("4", empty)):
            event = await first(name, extensions=extensions, **payload)
            assert event["payload"]["data"]["sessionEvents"]["__typename"] == "TurnQueued"
    assert await is_known(acme, extensions)


async def test_what_a_stranger_sends_is_not_registered(edge: Edge, acme: Client) -> None:
    for number, key in enumerate((None, "wrong")):
        text, extensions = fresh(VIEWER, f"stranger {number}")
        async with Client(edge.address, key) as stranger:
            for _ in range(2):
                answer = await stranger.http.post("/graphql", json={"query": text, "extensions": extensions})
                assert code_of(answer.json()) == "UNAUTHENTICATED"
        assert not await is_known(acme, extensions)


async def test_large_integers_are_exact_by_text_and_by_hash(acme: Client) -> None:
    number = 123456789012345678901234567890
    text, extensions = fresh(CREATE, "integers")
    for query in ({"query": text}, {}):
        body = {"variables": {"input": {"customerId": "n", "metadata": {"big": number}}}, "extensions": extensions}
        answer = await post_raw(acme, json.dumps({**body, **query}))
        assert f'"big":{number}' in answer.text.replace(" ", "")


@pytest.mark.parametrize(
    "body",
    [
        '{"query": "{ viewer { tenant } }", "query": "{ viewer { keyName } }"}',
        '{"query": "{ viewer { tenant } }", "variables": {"a": 1, "a": 2}}',
        '{"query": "{ viewer { tenant } }", "variables": {"a": NaN}}',
        '{"query": "{ viewer { tenant } }", "variables": {"a": 1e999}}',
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_at_first_and_when_known(acme: Client, body: str) -> None:
    for _ in range(3):
        answer = await post_raw(acme, body)
        assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")
