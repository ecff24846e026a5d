"""GET queries, ETag and 304 Not Modified (RFC 9110, sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from db.commands.keys import create_key
from db.feed.events import touch_session
from db.ids import parse_id
from db.models.conversation import Session
from tests.client import Client
from tests.graph.edge import Edge, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ = "query Read($id: ID!) { conversation(sessionId: $id) { lastSeq session { id language } messages { id text } } }"
SOUNDS = "query($id: ID!) { conversation(sessionId: $id) { lastSeq messages { audio { url } } } }"
GRAPHQL_RESPONSE = "application/graphql-response+json"


async def get(
    client: Client,
    query: str,
    variables: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> httpx.Response:
    params = {"query": query, **more}
    if variables is not None:
        params["variables"] = json.dumps(variables)
    return await client.http.get("/graphql", params=params, headers=headers)


async def tagged(client: Client, session_id: str, query: str = READ) -> httpx.Response:
    """The answer with its ETag, which is there from the second time on: the first went Strawberry."""
    await get(client, query, {"id": session_id})
    answer = await get(client, query, {"id": session_id})
    assert answer.status_code == 200
    assert answer.headers["etag"].startswith('"')
    return answer


async def touched(edge: Edge, session_id: str) -> None:
    """A commit that changes the session, and tells nobody."""
    own = parse_id(session_id, "session")
    async with edge.database.transaction() as session:
        await session.execute(update(Session).where(Session.id == own).values(language="de"))
        await touch_session(session, own)


async def test_a_query_by_get_has_variables_and_the_name_of_its_operation(acme: Client) -> None:
    session_id = await acme.create_session()
    document = f"query A {{ viewer {{ tenant }} }} {READ}"
    for _ in range(3):
        answer = await get(acme, document, {"id": session_id}, operationName="Read")
        assert answer.json()["data"]["conversation"]["session"]["id"] == session_id
        assert "tenant" in (await get(acme, document, operationName="A")).json()["data"]["viewer"]
        posted = {"query": document, "variables": {"id": session_id}, "operationName": "Read"}
        assert (await acme.http.post("/graphql", json=posted)).content == answer.content


@pytest.mark.parametrize("variables", ["", "null", "{}"])
async def test_a_document_that_ran_before_is_taken_as_it_was_at_first(acme: Client, variables: str) -> None:
    query = f'{{ sessions {{ edges {{ cursor }} }} }} # "{variables}"'
    params = {"query": query, "variables": variables}
    first = await acme.http.get("/graphql", params=params)
    await acme.run(query)
    again = await acme.http.get("/graphql", params=params)
    assert (first.status_code, first.content) == (again.status_code, again.content)


@pytest.mark.parametrize("variables", ["{", "[]", '"x"', "1", '{"id": 1e999', "{'id': 1}"])
async def test_variables_that_are_none_are_refused(acme: Client, variables: str) -> None:
    session_id = await acme.create_session()
    await tagged(acme, session_id)
    answer = await acme.http.get("/graphql", params={"query": READ, "variables": variables})
    assert answer.status_code == 400
    assert code_of(answer.json()) == "BAD_USER_INPUT"


@pytest.mark.parametrize("send_twice", [["query"], ["variables"], ["operationName"]])
async def test_what_is_sent_twice_is_not_answered_out_of_the_cache(acme: Client, send_twice: list[str]) -> None:
    mine, other = await acme.create_session(), await acme.create_session()
    given = {"query": READ, "variables": json.dumps({"id": mine}), "operationName": "Read"}
    again = {"query": "{ viewer { tenant } }", "variables": json.dumps({"id": other}), "operationName": "None"}
    for _ in range(2):
        known = await acme.http.get("/graphql", params=given)
    assert "etag" in known.headers
    twice: list[tuple[str, str | int | float | bool | None]] = [
        *given.items(),
        *((name, again[name]) for name in send_twice),
    ]
    answer = await acme.http.get("/graphql", params=httpx.QueryParams(twice))
    assert "etag" not in answer.headers


async def test_the_same_is_not_sent_again(acme: Client) -> None:
    session_id = await acme.create_session()
    first = await tagged(acme, session_id)
    again = await get(acme, READ, {"id": session_id})
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    for _ in range(2):
        spared = await get(acme, READ, {"id": session_id}, headers={"if-none-match": first.headers["etag"]})
        assert (spared.status_code, spared.content) == (304, b"")
        assert spared.headers["etag"] == first.headers["etag"]
        assert spared.headers["vary"] == first.headers["vary"] == "Accept, Authorization"
        assert spared.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("TAG", 304),
        ("W/TAG", 304),
        ('"x", TAG', 304),
        ('"x",W/TAG,"y"', 304),
        ('W/"x" , TAG', 304),
        ("*", 304),
        ('"x"', 200),
        ("", 200),
        ("w/TAG", 200),
        ("BARE", 200),
        ('"x" TAG', 200),
    ],
)
async def test_tags_are_compared_as_they_are_listed(acme: Client, told: str, status: int) -> None:
    session_id = await acme.create_session()
    etag = (await tagged(acme, session_id)).headers["etag"]
    told = told.replace("TAG", etag).replace("BARE", etag.strip('"'))
    answer = await get(acme, READ, {"id": session_id}, headers={"if-none-match": told})
    assert answer.status_code == status
    assert bool(answer.content) is (status == 200)


async def test_what_has_changed_is_sent_with_another_tag(edge: Edge, acme: Client) -> None:
    session_id = await acme.create_session()
    seen = set()
    for text in ("one", "two", "three"):
        before = await tagged(acme, session_id)
        seen.add(before.headers["etag"])
        await acme.send(session_id, {"text": text})
        after = await get(acme, READ, {"id": session_id}, headers={"if-none-match": ", ".join(seen)})
        assert after.status_code == 200
        assert after.json()["data"]["conversation"]["messages"][-1]["text"] == text
        assert after.headers["etag"] not in seen
    before = await tagged(acme, session_id)
    await touched(edge, session_id)
    after = await get(acme, READ, {"id": session_id}, headers={"if-none-match": before.headers["etag"]})
    assert (after.status_code, after.json()["data"]["conversation"]["session"]["language"]) == (200, "de")


async def test_each_selection_and_each_session_has_a_tag_of_its_own(acme: Client) -> None:
    mine, other = await acme.create_session(), await acme.create_session()
    tags = [(await tagged(acme, *given)).headers["etag"] for given in ((mine, READ), (other, READ), (mine, SOUNDS))]
    assert len(set(tags)) == 3


async def test_another_keys_tag_spares_nothing(edge: Edge, acme: Client, rival: Client) -> None:
    session_id = await acme.create_session()
    etag = (await tagged(acme, session_id)).headers["etag"]
    for told in (etag, "*"):
        foreign = await get(rival, READ, {"id": session_id}, headers={"if-none-match": told})
        assert (foreign.status_code, code_of(foreign.json())) == (200, "NOT_FOUND")
        assert "etag" not in foreign.headers
        nobody = await get(acme, READ, {"id": session_id}, headers={"if-none-match": told, "authorization": "Bearer x"})
        assert code_of(nobody.json()) == "UNAUTHENTICATED"
        assert "etag" not in nobody.headers
    tenant = (await acme.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    async with edge.database.transaction() as session:
        secret = await create_key(session, name="second", tenant=tenant)
    async with Client(edge.address, secret) as second:
        answer = await tagged(second, session_id)
    assert answer.json()["data"]["conversation"]["session"]["id"] == session_id


async def test_each_media_type_is_answered_in_its_own(acme: Client) -> None:
    session_id = await acme.create_session()
    await tagged(acme, session_id)
    plain = await get(acme, READ, {"id": session_id}, headers={"accept": "application/json"})
    other = await get(acme, READ, {"id": session_id}, headers={"accept": GRAPHQL_RESPONSE})
    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    assert other.headers["content-type"] == f"{GRAPHQL_RESPONSE}; charset=utf-8"
    assert plain.content == other.content
    refused = await get(acme, READ, {"id": session_id}, headers={"accept": "text/plain", "if-none-match": "*"})
    assert refused.status_code == 406


async def test_addresses_of_sounds_are_signed_anew_in_time(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = await acme.create_session()
    quiet = await tagged(acme, session_id)
    first = await tagged(acme, session_id, SOUNDS)
    now = time.time()
    monkeypatch.setattr("graph.media.signing.time.time", lambda: now + 3600)
    later = await get(acme, SOUNDS, {"id": session_id}, headers={"if-none-match": first.headers["etag"]})
    assert later.status_code == 200
    assert later.headers["etag"] != first.headers["etag"]
    spared = await get(acme, READ, {"id": session_id}, headers={"if-none-match": quiet.headers["etag"]})
    assert spared.status_code == 304  # it has no addresses


async def test_a_post_has_no_tag_and_is_always_answered_whole(acme: Client) -> None:
    session_id = await acme.create_session()
    etag = (await tagged(acme, session_id)).headers["etag"]
    body = {"query": READ, "variables": {"id": session_id}}
    for _ in range(3):
        answer = await acme.http.post("/graphql", json=body, headers={"if-none-match": etag})
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert answer.json()["data"]["conversation"]["session"]["id"] == session_id


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_RESPONSE])
async def test_nothing_is_changed_by_get(edge: Edge, acme: Client, accept: str) -> None:
    before = await edge.rows()
    make = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
    for _ in range(2):
        answer = await get(acme, make, headers={"accept": accept})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before
    await acme.run(make)  # known by now, and still not by GET
    assert (await get(acme, make, headers={"accept": accept})).status_code == 405
