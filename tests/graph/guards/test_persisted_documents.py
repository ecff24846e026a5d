"""Persisted documents: automatic persisted queries (APQ), and trusted documents.

Protocol: https://www.apollographql.com/docs/apollo-server/performance/apq
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from db.errors import BadUserInput
from graph.app import create_app
from graph.guards import persisted_documents
from graph.guards.persisted_documents import trusted_documents
from graph.settings import ApiSettings
from tests.client import CREATE, EVENTS, SEND, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, code_of, init, opened, operate

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ = "query Read($id: ID!) { conversation(sessionId: $id) { lastSeq session { id } } }"
VIEWER = "{ viewer { tenant } }"
GRAPHQL_RESPONSE = "application/graphql-response+json"
SSE = "text/event-stream"
MULTIPART = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
METHODS = ("GET", "POST")
LISTED = (VIEWER, READ, CREATE, SEND, EVENTS)
NOT_LISTED = "{ viewer { tenant keyName } }"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(told: object, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": told}}


def fresh(name: str) -> str:
    """A document that no other test has registered."""
    return f"{READ} # {name}"


async def ask(
    client: Client,
    method: str,
    text: str | None,
    extensions: Mapping[str, Any],
    *,
    accept: str = "application/json",
    **variables: Any,
) -> httpx.Response:
    asked: dict[str, Any] = {"variables": variables, "extensions": extensions}
    if text is not None:
        asked["query"] = text
    headers = {"accept": accept}
    if method == "POST":
        return await client.http.post("/graphql", json=asked, headers=headers)
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    return await client.http.get("/graphql", params=params, headers=headers)


@pytest.mark.parametrize("method", METHODS)
async def test_a_hash_that_is_not_known_is_registered_with_its_text(acme: Client, method: str) -> None:
    session_id = await acme.create_session()
    text = fresh(method)
    known = by_hash(hash_of(text))
    unknown = await ask(acme, method, None, known, id=session_id)
    assert unknown.status_code == 200
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code_of(unknown.json()) == "PERSISTED_QUERY_NOT_FOUND"
    assert "no-store" in unknown.headers["cache-control"]
    registered = await ask(acme, method, text, known, id=session_id)
    assert registered.json()["data"]["conversation"]["session"]["id"] == session_id
    for each in (*METHODS, *METHODS):  # registered is registered, whichever way, and the second time from the cache
        again = await ask(acme, each, None, known, id=session_id)
        assert again.content == registered.content


async def test_an_unknown_hash_is_no_answer_in_the_newer_media_type_either(acme: Client) -> None:
    answer = await ask(acme, "POST", None, by_hash("0" * 64), accept=GRAPHQL_RESPONSE)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(GRAPHQL_RESPONSE)
    assert code_of(answer.json()) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("method", METHODS)
async def test_a_text_is_not_registered_under_another_hash(acme: Client, method: str) -> None:
    session_id = await acme.create_session()
    text = fresh(f"wrong {method}")
    for told in (hash_of(VIEWER), "x", ""):
        answer = await ask(acme, method, text, by_hash(told), id=session_id)
        assert code_of(answer.json()) == "BAD_USER_INPUT"
        unknown = await ask(acme, method, None, by_hash(told), id=session_id)
        assert "conversation" not in unknown.text
    assert code_of((await ask(acme, method, None, by_hash(hash_of(text)))).json()) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("version", [0, 2, "1", None])
async def test_there_is_one_version(acme: Client, version: object) -> None:
    for text in (None, VIEWER):
        answer = await ask(acme, "POST", text, by_hash(hash_of(VIEWER), version))
        assert code_of(answer.json()) == "PERSISTED_QUERY_NOT_SUPPORTED"


@pytest.mark.parametrize("told", [1, None, [], {}, True, ["0" * 64]])
@pytest.mark.parametrize("method", METHODS)
async def test_a_hash_is_a_string(acme: Client, method: str, told: object) -> None:
    assert code_of((await ask(acme, method, None, by_hash(told))).json()) == "BAD_USER_INPUT"


@pytest.mark.parametrize("persisted", [1, "x", [], True])
async def test_what_is_no_object_is_refused(acme: Client, persisted: object) -> None:
    answer = await ask(acme, "POST", VIEWER, {"persistedQuery": persisted})
    assert code_of(answer.json()) == "PERSISTED_QUERY_NOT_SUPPORTED"


@pytest.mark.parametrize("extensions", [{}, {"persistedQuery": None}, {"other": [1]}])
async def test_other_extensions_change_nothing(acme: Client, extensions: dict[str, Any]) -> None:
    for method in METHODS:
        answer = await ask(acme, method, VIEWER, extensions)
        assert answer.json()["data"]["viewer"]["tenant"]


async def test_capital_letters_are_the_same_hash(acme: Client) -> None:
    session_id = await acme.create_session()
    text = fresh("capital")
    for given in (text, None):
        for told in (hash_of(text).upper(), hash_of(text)):
            answer = await ask(acme, "POST", given, by_hash(told), id=session_id)
            assert answer.json()["data"]["conversation"]["session"]["id"] == session_id


async def test_a_mutation_runs_by_hash_but_not_by_get(edge: Edge, acme: Client) -> None:
    given: dict[str, Any] = {"input": {"customerId": "c"}}
    made = await ask(acme, "POST", CREATE, by_hash(hash_of(CREATE)), **given)
    again = await ask(acme, "POST", None, by_hash(hash_of(CREATE)), **given)
    first, second = (each.json()["data"]["createSession"]["session"]["id"] for each in (made, again))
    assert first != second
    before = await edge.rows()
    for text in (None, CREATE):
        refused = await ask(acme, "GET", text, by_hash(hash_of(CREATE)), **given)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert await edge.rows() == before


async def test_the_name_of_the_operation_goes_with_the_hash(acme: Client) -> None:
    text = f"{READ} query Me {VIEWER}"
    body = {"query": text, "operationName": "Me", "extensions": by_hash(hash_of(text))}
    for _ in range(3):
        assert (await acme.http.post("/graphql", json=body)).json()["data"].keys() == {"viewer"}
        body.pop("query", None)


async def test_what_one_key_registers_shows_another_nothing(acme: Client, rival: Client) -> None:
    session_id = await acme.create_session()
    text = fresh("two keys")
    for _ in range(3):
        assert (await ask(acme, "POST", text, by_hash(hash_of(text)), id=session_id)).json()["data"]
        foreign = await ask(rival, "POST", None, by_hash(hash_of(text)), id=session_id)
        assert code_of(foreign.json()) == "NOT_FOUND"


async def test_a_hash_that_was_answered_is_known_to_streams_too(acme: Client) -> None:
    session_id = await acme.create_session()
    text = fresh("then streamed")
    for given in (text, text, None):
        assert (await ask(acme, "POST", given, by_hash(hash_of(text)), id=session_id)).json()["data"]
    answer = await ask(acme, "POST", None, by_hash(hash_of(text)), accept=SSE, id=session_id)
    assert answer.headers["content-type"].startswith(SSE)
    assert session_id in answer.text


async def test_a_document_that_is_wrong_is_refused_by_its_hash_too(acme: Client) -> None:
    for text in ("{ nothing }", "{", ""):
        first = await ask(acme, "POST", text, by_hash(hash_of(text)))
        again = await ask(acme, "POST", None, by_hash(hash_of(text)))
        assert "data" not in first.json()
        assert "data" not in again.json()


async def test_what_clients_register_is_bounded(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persisted_documents, "_STORE_BYTES", 10_000)
    monkeypatch.setattr(persisted_documents, "_DOCUMENT_BYTES", 2_000)
    async with cloned(postgres) as url, opened(url) as edge, edge.tenant() as client:
        texts = [f"{VIEWER} #{number} {'x' * 900}" for number in range(20)]
        for text in texts:
            assert (await ask(client, "POST", text, by_hash(hash_of(text)))).json()["data"]
        answers = [(await ask(client, "POST", None, by_hash(hash_of(text)))).json() for text in texts]
        assert [index for index, answer in enumerate(answers) if "data" in answer] == list(range(15, 20))
        long = f"{VIEWER} #{'x' * 3_000}"
        assert (await ask(client, "POST", long, by_hash(hash_of(long)))).json()["data"]
        unknown = await ask(client, "POST", None, by_hash(hash_of(long)))
        assert code_of(unknown.json()) == "PERSISTED_QUERY_NOT_FOUND"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """An API that runs what is listed, and nothing else."""
    path = tmp_path_factory.mktemp("trusted") / "documents.json"
    path.write_text(json.dumps({hash_of(text): text for text in LISTED}))
    async with cloned(postgres) as url, opened(url, trusted_documents=path) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def guest(strict: Edge) -> AsyncIterator[Client]:
    async with strict.tenant() as client:
        yield client


@pytest.mark.parametrize("method", METHODS)
async def test_what_is_listed_runs_by_text_and_by_hash_alone(guest: Client, method: str) -> None:
    session_id = (await guest.run(CREATE, input={"customerId": "c"}))["createSession"]["session"]["id"]
    for text, extensions in ((READ, {}), (None, by_hash(hash_of(READ))), (READ, by_hash(hash_of(READ)))):
        for _ in range(2):
            answer = await ask(guest, method, text, extensions, id=session_id)
            assert answer.json()["data"]["conversation"]["session"]["id"] == session_id


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_RESPONSE, SSE, MULTIPART])
@pytest.mark.parametrize(
    "text",
    [
        NOT_LISTED,
        VIEWER + " ",
        f"{VIEWER} # {READ}",
        "{ __schema { queryType { name } } }",
        'mutation { createSession(input: {customerId: "c"}) { session { id } } }',
        EVENTS.replace("seq", "at"),
        "{",
    ],
)
async def test_what_is_not_listed_does_not_run_by_http(strict: Edge, guest: Client, text: str, accept: str) -> None:
    before = await strict.rows()
    for method in METHODS:
        for extensions in ({}, by_hash(hash_of(text))):
            answer = await ask(guest, method, text, extensions, accept=accept, id="x")
            assert '"errors"' in answer.text
            assert not {"viewer", "queryType", "createSession"} & set(answer.text.split('"'))
    unknown = await ask(guest, "POST", None, by_hash(hash_of(text)), accept=accept)
    assert "PERSISTED_QUERY_NOT_FOUND" in unknown.text
    assert await strict.rows() == before


async def test_what_is_not_listed_is_forbidden_by_name(guest: Client) -> None:
    for _ in range(2):
        answer = await ask(guest, "POST", NOT_LISTED, {}, accept=GRAPHQL_RESPONSE)
        assert (answer.status_code, code_of(answer.json())) == (403, "FORBIDDEN")


@pytest.mark.parametrize(("text", "code"), [(SEND, "AUDIO_UNREADABLE"), (SEND + " ", "FORBIDDEN")])
async def test_uploads_are_held_to_the_list(guest: Client, text: str, code: str) -> None:
    session_id = (await guest.run(CREATE, input={"customerId": "c"}))["createSession"]["session"]["id"]
    variables = {"input": {"sessionId": session_id, "content": {"upload": None}}}
    fields = {
        "operations": json.dumps({"query": text, "variables": variables}),
        "map": json.dumps({"file": ["variables.input.content.upload"]}),
    }
    answer = await guest.http.post("/graphql", data=fields, files={"file": ("a.wav", b"no sound", "audio/wav")})
    assert code_of(answer.json()) == code


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_streams_of_what_is_listed_run_by_hash_too(guest: Client, accept: str) -> None:
    session_id = (await guest.run(CREATE, input={"customerId": "c"}))["createSession"]["session"]["id"]
    await guest.send(session_id, {"text": "hello"})
    for asked in ({"query": EVENTS}, {"extensions": by_hash(hash_of(EVENTS))}):
        body = {**asked, "variables": {"id": session_id}}
        async with guest.http.stream("POST", "/graphql", json=body, headers={"accept": accept}) as answer:
            text = ""
            async for chunk in answer.aiter_text():
                text += chunk
                if "TurnQueued" in text:
                    break
        assert "TurnQueued" in text


async def test_sockets_are_held_to_the_list(guest: Client) -> None:
    session_id = (await guest.run(CREATE, input={"customerId": "c"}))["createSession"]["session"]["id"]
    async with bare_socket(guest.base) as socket:
        await socket.send(init(guest))
        await socket.recv()
        assert (await operate(socket, VIEWER, "1"))[0]["payload"]["data"]
        for number, text in enumerate((NOT_LISTED, EVENTS.replace("seq", "at"), EVENTS + " ")):
            async with asyncio.timeout(10):
                (refused,) = await operate(socket, text, f"n{number}", id=session_id)
            assert refused["type"] == "error"
            assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        json.dumps({hash_of(VIEWER): 1}).encode(),
        json.dumps({hash_of(READ): VIEWER}).encode(),
        json.dumps({hash_of(VIEWER).upper(): VIEWER}).encode(),
        json.dumps({hash_of(VIEWER): VIEWER, "other": READ}).encode(),
        b'{"x": "\\ud800"}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
async def test_a_bad_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(content)
    with pytest.raises(BadUserInput, match="VOXLOOM_TRUSTED_DOCUMENTS"):
        trusted_documents(path)


async def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(BadUserInput, match="VOXLOOM_TRUSTED_DOCUMENTS"):
            trusted_documents(path)


async def test_the_server_does_not_start_with_a_bad_list(postgres: str, tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    path.write_text("[]")
    async with cloned(postgres) as url:
        app = create_app(ApiSettings(database_url=url, trusted_documents=path, api_key=None), url)
        told: list[Any] = []

        async def receive() -> dict[str, str]:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            told.append(message)

        with pytest.raises(BadUserInput, match="VOXLOOM_TRUSTED_DOCUMENTS"):
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        assert [each["type"] for each in told] == ["lifespan.startup.failed"]
