"""Relay's node(id) finds every type of the tenant's rows; crmRecord finds by reference too."""

from __future__ import annotations

from typing import Any

import pytest

from graph.api.filters import clean_reference
from tests.client import Client
from tests.graph.compiled.reads.rows import Filler
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE = """query($id: ID!) { node(id: $id) { __typename id
  ... on Session { customerId turns { id } } ... on Turn { number }
  ... on Message { role } ... on ModelCall { stage } ... on ToolCall { name } ... on CrmRecord { reference }
  ... on Call { status } } }"""
ALL = """{ sessions { nodes { __typename id customerId turns { __typename id number }
  messages { __typename id role } calls { __typename id status } } }
  crmRecords { nodes { __typename id reference toolCall { __typename id name } } } }"""
CALLS = "query($s: ID!) { conversation(sessionId: $s) { modelCalls { __typename id stage } } }"
RECORD = """query($id: ID, $reference: String) { crmRecord(id: $id, reference: $reference) { id reference } }"""
NOBODY = "019344a0-0000-7000-8000-000000000000"


async def filled(edge: Edge, client: Client) -> list[dict[str, Any]]:
    """Some rows of each type, as they are read in lists."""
    tenant = (await client.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    (session,) = await Filler(edge.database, tenant, seed=4).fill([6])
    data = await client.run(ALL)
    (shown,) = data["sessions"]["nodes"]
    records = data["crmRecords"]["nodes"]
    calls = (await client.run(CALLS, s=str(session)))["conversation"]["modelCalls"]
    return [
        shown,
        *shown["turns"],
        *shown["messages"],
        *shown["calls"],
        *records,
        *(each["toolCall"] for each in records),
        *calls,
    ]


async def test_everything_is_found_by_its_id_and_by_nobody_else(edge: Edge, acme: Client, rival: Client) -> None:
    known = await filled(edge, acme)
    assert {each["__typename"] for each in known} == {
        "Session", "Turn", "Message", "ModelCall", "ToolCall", "CrmRecord", "Call",
    }  # fmt: skip
    for each in known:
        found = (await acme.run(NODE, id=each["id"]))["node"]
        told = {name: value for name, value in each.items() if not isinstance(value, dict | list)}
        assert {name: found[name] for name in told} == told
        assert (await rival.run(NODE, id=each["id"]))["node"] is None
    for unknown in (NOBODY, "", "x", "conversation:" + known[0]["id"]):
        assert (await acme.run(NODE, id=unknown))["node"] is None


async def test_a_record_is_found_by_its_id_or_its_reference(edge: Edge, acme: Client, rival: Client) -> None:
    record = next(each for each in await filled(edge, acme) if each["__typename"] == "CrmRecord")
    reference = record["reference"]
    expected = {"id": record["id"], "reference": reference}
    heard = f"{reference[:3].lower()} - {reference[3:]}".replace("0", "o").replace("1", "l")
    for given in ({"id": record["id"]}, {"reference": reference}, {"reference": heard}):
        for _ in range(2):
            assert (await acme.run(RECORD, **given))["crmRecord"] == expected, given
            assert (await rival.run(RECORD, **given))["crmRecord"] is None
    listed = "query($filter: CrmRecordFilter) { crmRecords(filter: $filter) { nodes { id } } }"
    for _ in range(2):
        found = await acme.run(listed, filter={"reference": heard})
        assert found["crmRecords"]["nodes"] == [{"id": record["id"]}]
    for unknown in ({"id": NOBODY}, {"id": "x"}, {"reference": "ZZZZZZ"}):
        assert (await acme.run(RECORD, **unknown))["crmRecord"] is None
    two = {"id": record["id"], "reference": reference}
    references = ("", "é", "A\0", "\ud800", "A" * 41, "--")
    for bad in ({}, two, *({"reference": each} for each in references)):
        assert code_of(await post(acme, RECORD, bad)) == "BAD_USER_INPUT", bad


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("L123K456", "L123K456"),
        ("l 1o3-k45i", "L103K451"),
        ("kil9l00o", "K119L000"),
        ("LLLLLLLL", "L111L111"),
        ("7ZK4LQ", "7ZK41Q"),
        ("A123L456", "A1231456"),
    ],
)
async def test_a_reference_is_read_as_it_is_stored(given: str, stored: str) -> None:
    assert clean_reference(given) == stored


async def test_ids_for_caches_are_not_shared_by_two_objects(edge: Edge, acme: Client) -> None:
    await filled(edge, acme)
    listed = await acme.run("{ sessions { nodes { id } } }")
    session = listed["sessions"]["nodes"][0]["id"]
    text = """query($s: ID!) { conversation(sessionId: $s) { __typename id session { __typename id }
      turns { __typename id timing { __typename id } error { __typename id } }
      messages { __typename id audio { __typename id } } } }"""
    seen: dict[str, str] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "id" in value:
                assert seen.setdefault(value["id"], value["__typename"]) == value["__typename"]
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    for _ in range(2):
        walk(await acme.run(text, s=session))
    assert {"Conversation", "Session", "Turn", "TurnTiming", "Message", "Audio"} <= set(seen.values())
