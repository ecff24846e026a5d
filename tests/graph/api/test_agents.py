"""Agents over GraphQL: lists, versions, the agent of a session, capabilities; every tenant sees its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from db.commands.agents import publish_agent
from db.ids import new_id
from db.models.tenancy import ApiKey
from db.models.workers import EngineReport, Worker
from db.queue.workers import deregister, heartbeat
from tests.client import CREATE, Client, GraphQLFailed
from tests.db.agents.definitions import small_agent, small_definition
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUILTIN = ["billing_agent", "retention_agent", "technical_agent"]
LIST = """query($first: Int! = 20, $after: String, $last: Int, $before: String, $archived: Boolean! = false) {
  agents(first: $first, after: $after, last: $last, before: $before, archived: $archived) { totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { id name description languages archivedAt createdAt version { number }
      currentVersion { number builtin } } } }"""
ONE = """query($name: String!, $version: Int) { agent(name: $name, version: $version) { id name description languages
  version { id number definition checksum languages builtin publishedAt publishedBy } currentVersion { number }
  versions(first: 2) { totalCount nodes { number } pageInfo { endCursor hasNextPage } } } }"""
PUBLISH = """mutation($d: JSON!, $expected: Int) { publishAgent(input: {definition: $d, expectedVersion: $expected}) {
  isNew agent { name archivedAt currentVersion { number } } version { number checksum publishedBy definition } } }"""
CHECK = """query($d: JSON!) { checkAgent(definition: $d) { problems { message path line column } warnings name
  currentVersion knownVersion changes { path kind } } }"""
ARCHIVE = "mutation($name: String!) { archiveAgent(input: {name: $name}) { agent { name archivedAt } } }"
CAPABILITIES = """{ capabilities { languages agents { name description version languages scenarios } personas { name }
  scenarios { name intents schema agents } } }"""


async def published(edge: Edge, client: Client, **changes: Any) -> int:
    """Publishes a small agent for the client's tenant; returns the version's number."""
    viewer = (await client.run("{ viewer { tenantId keyId } }"))["viewer"]
    async with edge.database.transaction() as session:
        key = (await session.execute(select(ApiKey).where(ApiKey.id == viewer["keyId"]))).scalar_one()
        found = await publish_agent(
            session, tenant_id=key.tenant_id, definition=small_agent(**changes), published_by=key.id
        )
        return found.version.number


async def test_every_tenant_has_the_builtin_agents_and_its_own(edge: Edge, acme: Client, rival: Client) -> None:
    await published(edge, acme)
    mine = (await acme.run(LIST))["agents"]
    assert [each["name"] for each in mine["nodes"]] == sorted([*BUILTIN, "desk"])
    assert mine["totalCount"] == 4 and not mine["pageInfo"]["hasNextPage"]
    for each in mine["nodes"]:
        assert each["currentVersion"] == {"number": 1, "builtin": each["name"] != "desk"}
        assert each["description"] and each["languages"]
    theirs = (await rival.run(LIST))["agents"]["nodes"]
    assert [each["name"] for each in theirs] == BUILTIN
    assert not {each["id"] for each in theirs} & {each["id"] for each in mine["nodes"]}


async def test_agents_are_listed_in_pages_both_ways(edge: Edge, acme: Client) -> None:
    await published(edge, acme)
    names, after = [], None
    while True:
        found = (await acme.run(LIST, first=1, after=after))["agents"]
        names += [each["name"] for each in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert names == sorted([*BUILTIN, "desk"])
    last = (await acme.run(LIST, last=2))["agents"]
    assert [each["name"] for each in last["nodes"]] == names[-2:] and last["pageInfo"]["hasPreviousPage"]
    earlier = (await acme.run(LIST, last=2, before=last["pageInfo"]["startCursor"]))["agents"]
    assert [each["name"] for each in earlier["nodes"]] == names[:2]
    for wrong in (
        {"first": 0},
        {"first": 101},
        {"after": "?"},
        {"after": "é"},
        {"before": "AAAA"},
        {"after": "A" * 500},
    ):
        assert code_of(await acme.post(LIST, **wrong)) == "BAD_USER_INPUT", wrong


async def test_versions_of_an_agent(edge: Edge, acme: Client, rival: Client) -> None:
    for number in (1, 2, 3):
        assert await published(edge, acme, description=f"Version {number}.") == number
    found = (await acme.run(ONE, name="desk"))["agent"]
    assert found["description"] == found["version"]["definition"]["description"] == "Version 3."
    assert found["version"]["publishedBy"] == "test" and len(found["version"]["checksum"]) == 64
    assert found["versions"]["totalCount"] == 3 and found["versions"]["pageInfo"]["hasNextPage"]
    assert [each["number"] for each in found["versions"]["nodes"]] == [3, 2]
    rest = 'query($c: String) { agent(name: "desk") { versions(after: $c) { nodes { number } } } }'
    more = (await acme.run(rest, c=found["versions"]["pageInfo"]["endCursor"]))["agent"]["versions"]
    assert more == {"nodes": [{"number": 1}]}
    first = (await acme.run(ONE, name="desk", version=1))["agent"]
    assert first["version"]["definition"]["description"] == "Version 1." and first["currentVersion"] == {"number": 3}
    built = (await acme.run(ONE, name="billing_agent"))["agent"]["version"]
    assert built["builtin"] and built["publishedBy"] is None and built["definition"]["name"] == "billing_agent"
    node = "query($id: ID!) { node(id: $id) { __typename ... on Agent { name } ... on AgentVersion { number } } }"
    assert (await acme.run(node, id=first["id"]))["node"] == {"__typename": "Agent", "name": "desk"}
    assert (await acme.run(node, id=first["version"]["id"]))["node"] == {"__typename": "AgentVersion", "number": 1}
    for each in (first["id"], first["version"]["id"]):
        assert (await rival.run(node, id=each))["node"] is None
    for name, version in (("desk", 4), ("desk", 0), ("desk", -(2**31)), ("nobody", None), ("\0", None), ("é", 1)):
        assert (await acme.run(ONE, name=name, version=version))["agent"] is None
    assert (await rival.run(ONE, name="desk"))["agent"] is None


async def test_a_session_shows_the_version_that_it_holds(edge: Edge, acme: Client, rival: Client) -> None:
    await published(edge, acme, description="First.")
    old = await acme.create_session(persona="desk")
    await published(edge, acme, description="Second.")
    new = await acme.create_session(persona="desk")
    pinned = await acme.create_session(persona="desk", agentVersion=1)
    for text in ("session(id: $id) { %s }", "conversation(sessionId: $id) { session { %s } }"):
        fields = "agentVersion { number checksum builtin languages publishedAt publishedBy %s }"
        for definition in ("", "definition"):
            query = "query($id: ID!) { " + text % (fields % definition) + " }"
            for _ in range(3):  # by resolvers, compiled, from the cache
                told = []
                for each in (old, new, pinned):
                    answer = await acme.run(query, id=each)
                    told.append((answer.get("session") or answer["conversation"]["session"])["agentVersion"])
                assert [each["number"] for each in told] == [1, 2, 1]
                assert told[0] == told[2] and told[0]["publishedBy"] == "test"
                assert not definition or told[1]["definition"]["description"] == "Second."
    for given in ({"persona": "desk"}, {"persona": "nobody"}, {"persona": "\0"}):
        answer = await rival.post(CREATE, input={"customerId": "c", **given})
        assert code_of(answer) == "AGENT_NOT_FOUND" and "billing_agent" in answer["errors"][0]["message"]
    with pytest.raises(GraphQLFailed) as failed:
        await acme.create_session(persona="desk", agentVersion=3)
    assert failed.value.code == "AGENT_NOT_FOUND"


async def test_capabilities_follow_the_agents_of_the_tenant(edge: Edge, acme: Client, rival: Client) -> None:
    await published(edge, acme)
    mine, theirs = [(await each.run(CAPABILITIES))["capabilities"] for each in (acme, rival)]
    assert [each["name"] for each in mine["agents"]] == sorted([*BUILTIN, "desk"])
    assert [each["name"] for each in theirs["agents"]] == [each["name"] for each in theirs["personas"]] == BUILTIN
    own = small_agent()
    (desk,) = [each for each in mine["agents"] if each["name"] == "desk"]
    assert desk["languages"] == list(own.languages) and desk["scenarios"] == list(own.scenario_names)
    found = [each for each in mine["scenarios"] if "desk" in each["agents"]]
    assert [each["name"] for each in found] == list(own.scenario_names)
    for each in found:
        scenario = own.scenario(each["name"])
        assert scenario is not None and set(scenario.fields) <= set(each["schema"]["properties"])
    assert not any("desk" in each["agents"] for each in theirs["scenarios"])
    assert "billing_query" in {each["name"] for each in theirs["scenarios"]}
    assert {"en", "de", "es", "fr", "hi"} == set(theirs["languages"])


async def test_a_filter_by_scenario_knows_the_scenarios_of_all_agents(edge: Edge, acme: Client) -> None:
    query = "query($f: CrmRecordFilter) { crmRecords(filter: $f) { nodes { id } } }"
    for known in ("billing_query", *small_agent().scenario_names, "of_an_archived_agent"):
        assert (await acme.run(query, f={"scenario": known}))["crmRecords"]["nodes"] == []
    for wrong in ("", "Billing query", "\0", "a" * 65, "é"):
        assert code_of(await acme.post(query, f={"scenario": wrong})) == "BAD_USER_INPUT"


async def test_a_definition_is_published_once(edge: Edge, acme: Client, rival: Client) -> None:
    given = small_definition()
    first = (await acme.run(PUBLISH, d=given))["publishAgent"]
    assert first["isNew"] and first["version"]["number"] == 1 and first["version"]["publishedBy"] == "test"
    assert first["version"]["definition"] == json.loads(small_agent().to_json())
    before = await edge.rows()
    text = yaml.safe_dump(given, sort_keys=False)
    same: list[Any] = [given, json.dumps(given), text, "\n \n" + json.dumps(given, indent=2)]
    for text in same:
        again = (await acme.run(PUBLISH, d=text))["publishAgent"]
        assert again == {**first, "isNew": False}
    assert await edge.rows() == before
    second = (await acme.run(PUBLISH, d={**given, "description": "Other."}, expected=1))["publishAgent"]
    assert second["isNew"] and second["version"]["number"] == 2 == second["agent"]["currentVersion"]["number"]
    for expected in (0, 1, 3, -1):
        answer = await acme.post(PUBLISH, d={**given, "description": "A third."}, expected=expected)
        assert code_of(answer) == "CONFLICT"
    back = (await acme.run(PUBLISH, d=given))["publishAgent"]  # an earlier version is current again
    assert back == first | {"isNew": False}
    theirs = (await rival.run(PUBLISH, d=given, expected=0))["publishAgent"]  # a name is the tenant's
    assert theirs["isNew"] and theirs["version"]["number"] == 1


async def test_an_invalid_definition_is_refused_with_its_problems(edge: Edge, acme: Client) -> None:
    before = await edge.rows()
    wrong: list[tuple[Any, str]] = [
        ({}, ""),
        ([], ""),
        (None, ""),
        (1.5, ""),
        ("", ""),
        ("}", ""),
        ("{" * 5_000, ""),
        ("[" * 100_000, ""),
        ("\ud800", ""),
        ("a: &x [1]\nb: *x", ""),
        (small_definition(colour="red"), "colour"),
        (small_definition(languages=["en", 1]), "languages[1]"),
        (small_definition(handover={"scenario": "nobody"}), "handover.scenario"),
        (small_definition(name="\0"), "name"),
        (small_definition(description="\ud800"), "description"),
        (yaml.safe_dump(small_definition(colour="red")), "colour"),
        (json.dumps(small_definition(colour="red"), indent=1), "colour"),
    ]
    for given, path in wrong:
        answer = await post(acme, PUBLISH, {"d": given})
        if given is None:
            assert code_of(answer) == "BAD_USER_INPUT"
            continue
        assert code_of(answer) == "INVALID_DEFINITION", given
        problems = answer["errors"][0]["extensions"]["problems"]
        assert all(each["message"] for each in problems)
        assert path in [each["path"] for each in problems] or not path, (given, problems)
        assert (problems[0]["line"] is not None) == (isinstance(given, str) and given not in ("", "\ud800"))
    assert await edge.rows() == before


async def test_an_archived_agent_takes_no_new_sessions(edge: Edge, acme: Client, rival: Client) -> None:
    await acme.run(PUBLISH, d=small_definition())
    session = await acme.create_session(persona="desk")
    assert code_of(await rival.post(ARCHIVE, name="desk")) == "AGENT_NOT_FOUND"
    for name in ("nobody", "\0", "", "é" * 1000):
        assert code_of(await acme.post(ARCHIVE, name=name)) == "AGENT_NOT_FOUND"
    archived = (await acme.run(ARCHIVE, name="desk"))["archiveAgent"]["agent"]
    assert archived["archivedAt"] and (await acme.run(ARCHIVE, name="desk"))["archiveAgent"]["agent"] == archived
    assert code_of(await acme.post(CREATE, input={"customerId": "c", "persona": "desk"})) == "AGENT_NOT_FOUND"
    assert (await acme.send(session, {"text": "hello"}))["status"] == "QUEUED"
    assert "desk" not in {each["name"] for each in (await acme.run(LIST))["agents"]["nodes"]}
    listed = {each["name"]: each for each in (await acme.run(LIST, archived=True))["agents"]["nodes"]}
    assert listed["desk"]["archivedAt"] == archived["archivedAt"]
    assert "desk" not in {each["name"] for each in (await acme.run(CAPABILITIES))["capabilities"]["agents"]}
    assert not (await acme.run(PUBLISH, d=small_definition()))["publishAgent"]["isNew"]
    assert await acme.create_session(persona="desk")


async def test_two_publications_at_once_make_two_versions(edge: Edge, acme: Client) -> None:
    given = [small_definition(description=f"Version {number % 4}.") for number in range(8)]
    made = [each["publishAgent"] for each in await asyncio.gather(*(acme.run(PUBLISH, d=each) for each in given))]
    assert sorted(each["version"]["number"] for each in made if each["isNew"]) == [1, 2, 3, 4]
    assert {each["version"]["number"] for each in made} == {1, 2, 3, 4}
    assert (await acme.run(ONE, name="desk"))["agent"]["versions"]["totalCount"] == 4


async def test_a_definition_is_checked_and_stored_nowhere(edge: Edge, acme: Client, rival: Client) -> None:
    async def checked(definition: object, client: Client = acme) -> dict[str, Any]:
        return dict((await client.run(CHECK, d=definition))["checkAgent"])

    before = await edge.rows()
    new = await checked(small_definition(voices={"en": "nobody"}))
    assert (new["name"], new["currentVersion"], new["knownVersion"], new["changes"]) == ("desk", None, None, [])
    split = await checked(yaml.safe_dump(small_definition()) + "greeting: {en: [Hello, there]}\n")
    assert (split["problems"], split["warnings"][0][:32]) == ([], "greeting.en[0]: 'Hello' and 'the")
    wrong = await checked(yaml.safe_dump(small_definition(colour="red")))
    (problem,) = wrong["problems"]
    assert (problem["path"], wrong["name"]) == ("colour", None)
    assert problem["line"] and problem["column"] == 1
    assert await edge.rows() == before
    for changed in ({}, {"description": "Another."}):
        await acme.run(PUBLISH, d=small_definition(**changed))
    before = await edge.rows()
    again = await checked(small_definition())
    assert (again["currentVersion"], again["knownVersion"]) == (2, 1)
    assert again["changes"] == [{"path": "description", "kind": "CHANGED"}]
    intents = [{"name": "hours", "examples": {"en": ["when are you open"]}, "answer": {"en": "Always."}}]
    more = small_definition(description="Another.", intents=[*intents, *small_definition()["intents"]])
    assert (await checked(more))["changes"] == [{"path": "intents[hours]", "kind": "ADDED"}]
    assert (await checked(more, rival))["currentVersion"] is None
    assert await edge.rows() == before


async def test_nobody_publishes_without_a_key(edge: Edge) -> None:
    before = await edge.rows()
    async with Client(edge.address, None) as nobody:
        for query, variables in (
            (PUBLISH, {"d": small_definition()}),
            (ARCHIVE, {"name": "billing_agent"}),
            (LIST, {}),
            (CHECK, {"d": small_definition()}),
        ):
            assert code_of(await nobody.post(query, **variables)) == "UNAUTHENTICATED"
    assert await edge.rows() == before


async def test_a_draft_is_stored_tried_and_published(edge: Edge, acme: Client, rival: Client) -> None:
    store = """mutation($d: JSON!, $draft: Boolean!) { publishAgent(input: {definition: $d, draft: $draft}) {
      isNew agent { name version { number } currentVersion { number draft } } version { number draft } } }"""
    versions = (
        """query { agent(name: "desk") { currentVersion { number draft } versions { nodes { number draft } } } }"""
    )

    async def stored(description: str, *, draft: bool = True) -> dict[str, Any]:
        answer = await acme.run(store, d=small_definition(description=description), draft=draft)
        return dict(answer["publishAgent"])

    first = await stored("One.")
    assert first["version"] == first["agent"]["currentVersion"] == {"number": 1, "draft": True}
    listed = "query($drafts: Boolean!) { agents(drafts: $drafts) { totalCount nodes { name description } } }"
    names = [each["name"] for each in (await acme.run(listed, drafts=False))["agents"]["nodes"]]
    assert names == BUILTIN
    shown = (await acme.run(listed, drafts=True))["agents"]
    assert {"name": "desk", "description": "One."} in shown["nodes"] and shown["totalCount"] == 4
    assert "desk" not in [each["name"] for each in (await acme.run(CAPABILITIES))["capabilities"]["agents"]]
    refused = await acme.post(CREATE, input={"customerId": "c", "persona": "desk"})
    assert code_of(refused) == "AGENT_NOT_FOUND" and "draft" in refused["errors"][0]["message"]
    tried = await acme.create_session(persona="desk", agentVersion=1)
    held = "query($id: ID!) { session(id: $id) { agentVersion { number draft } } }"
    for _ in range(2):
        assert (await acme.run(held, id=tried))["session"]["agentVersion"] == {"number": 1, "draft": True}
    assert code_of(await rival.post(CREATE, input={"customerId": "c", "persona": "desk", "agentVersion": 1})) == (
        "AGENT_NOT_FOUND"
    )
    assert not (await stored("One.", draft=False))["version"]["draft"]
    second = await stored("Two.")
    assert second["version"] == {"number": 2, "draft": True}
    assert second["agent"]["currentVersion"] == {"number": 1, "draft": False}
    assert (await acme.run(versions))["agent"]["versions"]["nodes"] == [
        {"number": 2, "draft": True},
        {"number": 1, "draft": False},
    ]
    fork = """mutation($id: ID!, $v: Int) { forkSession(input: {sessionId: $id, afterTurn: 0, agentVersion: $v}) {
      session { agentVersion { number } } } }"""
    assert code_of(await acme.post(fork, id=tried, v=2)) == "AGENT_NOT_FOUND"
    assert (await acme.run(fork, id=tried, v=1))["forkSession"]["session"]["agentVersion"] == {"number": 1}


VOICES = "{ capabilities { voices { engine language name } } }"
WARNED = """mutation($d: JSON!) { publishAgent(input: {definition: $d}) { warnings version { number } } }"""


async def test_voices_that_workers_have_and_those_that_none_has(edge: Edge, acme: Client) -> None:
    async def warnings(**voices: str) -> list[str]:
        answer = await acme.run(WARNED, d=small_definition(voices=voices, languages=["en", "de"]))
        return list(answer["publishAgent"]["warnings"])

    assert await warnings(en="joe", de="nobody") == [], "no worker, which may come later"
    joe = {"name": "joe", "language": "en"}
    pico = [{"name": "de-DE", "language": "de"}, {"name": "x", "language": None}]
    common = {"stage": "TTS", "model": "m", "loaded": True, "error": None}
    engines: list[EngineReport] = [
        {**common, "engine": "espnet", "languages": ["en"], "voices": [joe]},  # type: ignore[typeddict-item]
        {**common, "engine": "pico", "languages": ["de"], "voices": pico},  # type: ignore[typeddict-item]
    ]
    worker = Worker(id=new_id(), host="h", pid=1, capacity=1, engines=engines)
    async with edge.database.transaction() as session:
        await heartbeat(session, worker)
    try:
        assert (await acme.run(VOICES))["capabilities"]["voices"] == [
            {"engine": "espnet", "language": "en", "name": "joe"},
            {"engine": "pico", "language": "de", "name": "de-DE"},
            {"engine": "pico", "language": None, "name": "x"},
        ]
        assert await warnings(en="joe", de="x") == []
        (warned,) = await warnings(en="joe", de="joe")
        assert warned == "voices.de: no engine of the live workers has the voice 'joe'."
        engines.append({**common, "engine": "openai", "languages": []})  # type: ignore[typeddict-item]
        worker.engines = engines
        async with edge.database.transaction() as session:
            await heartbeat(session, worker)
        assert await warnings(en="anything") == [], "an engine that does not tell its voices"
    finally:
        async with edge.database.transaction() as session:
            await deregister(session, worker.id)
