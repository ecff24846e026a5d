"""Pagination (Relay connections) and filters of lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.client import END, Client
from tests.graph.edge import code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

SESSIONS = """query($first: Int! = 20, $after: String, $filter: SessionFilter) {
  list: sessions(first: $first, after: $after, filter: $filter) {
    edges { cursor node { id } } nodes { id createdAt }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
RECORDS = """query($first: Int! = 20, $after: String, $filter: CrmRecordFilter) {
  list: crmRecords(first: $first, after: $after, filter: $filter) {
    edges { cursor node { id } } nodes { id createdAt }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
CALL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { crmRecord { id } } } }"


async def file(client: Client, session: str, name: str, **arguments: Any) -> str:
    given = {"sessionId": session, "name": name, "arguments": {"query": "q", **arguments}}
    data = await client.run(CALL, input=given)
    return str(data["callTool"]["toolCall"]["crmRecord"]["id"])


async def ids(client: Client, query: str, **given: Any) -> list[str]:
    found = (await client.run(query, **given))["list"]
    assert [each["node"]["id"] for each in found["edges"]] == [each["id"] for each in found["nodes"]]
    return [each["id"] for each in found["nodes"]]


@pytest.mark.parametrize("query", [SESSIONS, RECORDS], ids=["sessions", "crmRecords"])
async def test_pages_hold_each_row_once_newest_first(acme: Client, query: str) -> None:
    made = []
    for _ in range(5):
        session = await acme.create_session()
        made.append(session if query is SESSIONS else await file(acme, session, "billing_query", intent="billing"))
    pages, after = [], None
    while True:
        page = (await acme.run(query, first=2, after=after))["list"]
        pages.append([each["id"] for each in page["nodes"]])
        info = page["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
        await acme.create_session()  # what is new stands before the cursor, and moves nothing
    assert [len(each) for each in pages] == [2, 2, 1]
    assert [each for page in pages for each in page] == list(reversed(made))


async def test_a_page_that_ends_with_the_list_says_so(acme: Client) -> None:
    await acme.create_session()
    await acme.create_session()
    page = (await acme.run(SESSIONS, first=2))["list"]
    assert page["pageInfo"]["hasNextPage"] is False
    empty = (await acme.run(SESSIONS, after=page["pageInfo"]["endCursor"]))["list"]
    assert empty["nodes"] == []
    assert (empty["pageInfo"]["startCursor"], empty["pageInfo"]["endCursor"]) == (None, None)


@pytest.mark.parametrize("query", [SESSIONS, RECORDS], ids=["sessions", "crmRecords"])
@pytest.mark.parametrize("first", [0, -1, 101, 1000, 2**31 - 1, 2**31, 1.5, "1", None])
async def test_a_page_size_that_is_none(acme: Client, query: str, first: object) -> None:
    assert code_of(await post(acme, query, {"first": first})) == "BAD_USER_INPUT"


BACK = """query($first: Int! = 20, $after: String, $last: Int, $before: String, $filter: NAMEFilter) {
  list: FIELD(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_pages_from_the_end(acme: Client) -> None:
    query = BACK.replace("NAME", "Session").replace("FIELD", "sessions")
    made = list(reversed([await acme.create_session() for _ in range(5)]))
    for _ in range(2):  # by resolvers, and by a statement
        pages, before = [], None
        while True:
            page = (await acme.run(query, last=2, before=before))["list"]
            assert page["totalCount"] == 5
            info = page["pageInfo"]
            assert info["hasNextPage"] is (before is not None)
            assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
            pages.append([each["id"] for each in page["nodes"]])
            before = info["startCursor"]
            if not info["hasPreviousPage"]:
                break
        assert pages == [made[3:], made[1:3], made[:1]]
        cursors = [each["cursor"] for each in (await acme.run(query))["list"]["edges"]]
        between = (await acme.run(query, after=cursors[0], before=cursors[4], last=2))["list"]
        assert [each["id"] for each in between["nodes"]] == made[2:4]
        assert between["totalCount"] == 5


@pytest.mark.parametrize("name", ["Session", "CrmRecord"])
async def test_the_whole_list_is_counted_with_its_filter(acme: Client, rival: Client, name: str) -> None:
    query = BACK.replace("NAME", name).replace("FIELD", "sessions" if name == "Session" else "crmRecords")
    for client, customer in ((acme, "maria"), (acme, "juan"), (rival, "maria")):
        session = await client.create_session(customerId=customer)
        await file(client, session, "billing_query", intent="billing")
    for _ in range(2):
        assert (await acme.run(query, first=1))["list"]["totalCount"] == 2
        assert (await acme.run(query, filter={"customerId": "maria"}))["list"]["totalCount"] == 1
        assert (await acme.run(query, filter={"customerId": "nobody"}))["list"]["totalCount"] == 0


@pytest.mark.parametrize("given", [{"last": 0}, {"last": 101}, {"before": "x"}, {"last": "1"}])
async def test_a_page_from_the_end_that_cannot_be(acme: Client, given: dict[str, Any]) -> None:
    query = BACK.replace("NAME", "Session").replace("FIELD", "sessions")
    for _ in range(2):
        assert code_of(await post(acme, query, given)) == "BAD_USER_INPUT"


CURSORS = ["", "x", "AAAA", "A" * 23, "a" * 10_000, "\0", "\ud800", "é", "01a20392-fc2a-72c4-87c7-6fe80e36c4f9"]


@pytest.mark.parametrize("query", [SESSIONS, RECORDS], ids=["sessions", "crmRecords"])
@pytest.mark.parametrize("cursor", range(len(CURSORS)))
async def test_a_cursor_that_is_none(acme: Client, query: str, cursor: int) -> None:
    assert code_of(await post(acme, query, {"after": CURSORS[cursor]})) == "BAD_USER_INPUT"


async def test_filters_of_sessions_narrow(acme: Client) -> None:
    web = await acme.create_session(customerId="maria")
    phone = await acme.create_session(customerId="juan", channel="PHONE", language="es-MX")
    await acme.run(END, id=phone)
    web_at, phone_at = [(await acme.run(SESSIONS))["list"]["nodes"][place]["createdAt"] for place in (1, 0)]
    for narrow, expected in [
        ({}, [phone, web]),
        (None, [phone, web]),
        ({"customerId": "maria"}, [web]),
        ({"customerId": "nobody"}, []),
        ({"status": "ENDED"}, [phone]),
        ({"status": None}, [phone, web]),
        ({"channel": "WEB"}, [web]),
        ({"language": "ES_mx"}, [phone]),
        ({"createdAfter": phone_at}, [phone]),
        ({"createdBefore": phone_at}, [web]),
        ({"createdAfter": web_at, "createdBefore": phone_at}, [web]),
        ({"createdAfter": "9999-12-31T00:00:00Z"}, []),
        ({"createdBefore": "0001-01-02T00:00:00+00:00"}, []),
        ({"customerId": "maria", "channel": "PHONE"}, []),
    ]:
        assert await ids(acme, SESSIONS, filter=narrow) == expected, narrow


async def test_filters_of_crm_records_narrow(acme: Client) -> None:
    one = await acme.create_session(customerId="maria")
    two = await acme.create_session(customerId="juan")
    bill = await file(acme, one, "billing_query", intent="billing")
    late = await file(acme, two, "complaint", intent="complaint", priority="HIGH")
    late_at = (await acme.run(RECORDS))["list"]["nodes"][0]["createdAt"]
    for narrow, expected in [
        ({}, [late, bill]),
        ({"customerId": "maria"}, [bill]),
        ({"sessionId": two}, [late]),
        ({"sessionId": two.upper()}, [late]),
        ({"sessionId": "nobody's"}, []),
        ({"scenario": "complaint"}, [late]),
        ({"scenario": "cancellation"}, []),
        ({"priority": "HIGH"}, [late]),
        ({"status": "DONE"}, [late, bill]),
        ({"status": "PENDING"}, []),
        ({"createdAfter": late_at}, [late]),
        ({"createdBefore": late_at}, [bill]),
        ({"sessionId": one, "scenario": "complaint"}, []),
    ]:
        assert await ids(acme, RECORDS, filter=narrow) == expected, narrow


BAD_VALUES: dict[str, list[object]] = {
    "customerId": ["", " ", "\0", "\ud800", "a" * 201],
    "createdAfter": ["yesterday", "\ud800", 5, "2026-01-31T12:00:00", "0001-01-01T00:00:00+14:00"],
    "createdBefore": ["yesterday", "2026-01-31T12:00:00", "9999-12-31T23:59:59-14:00"],
    "status": ["GONE", 5],
}
BAD_OF_SESSIONS: dict[str, list[object]] = {**BAD_VALUES, "language": ["", "xx", "\0", "\ud800"]}
BAD_OF_RECORDS: dict[str, list[object]] = {
    **BAD_VALUES,
    "scenario": ["", "Order pizza!", "\0", "\ud800"],
    "priority": [5],
}
FILTERS: list[tuple[str, dict[str, object]]] = [
    (query, {name: value})
    for query, bad in ((SESSIONS, BAD_OF_SESSIONS), (RECORDS, BAD_OF_RECORDS))
    for name, values in bad.items()
    for value in values
]


@pytest.mark.parametrize("number", range(len(FILTERS)), ids=[json.dumps(each)[:40] for _, each in FILTERS])
async def test_a_filter_that_can_match_nothing(acme: Client, number: int) -> None:
    query, narrow = FILTERS[number]
    assert code_of(await post(acme, query, {"filter": narrow})) == "BAD_USER_INPUT"
