"""What a list shows of sessions (outcome, preview, duration, counts), and the filters by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text

from db.enums import TurnStatus
from tests.client import Client
from tests.graph.api.session_rows import add_record, add_turn
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUMMARY = "id outcome preview durationMs turnCount failedTurns recordCount"
LIST = f"""query($filter: SessionFilter, $first: Int! = 20, $after: String, $last: Int, $before: String) {{
  sessions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {{
    totalCount nodes {{ {SUMMARY} }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
WAYS = [
    f"query($id: ID!) {{ session(id: $id) {{ {SUMMARY} }} }}",
    f"query($id: ID!) {{ node(id: $id) {{ ... on Session {{ {SUMMARY} }} }} }}",
    f"query($id: ID!) {{ conversation(sessionId: $id) {{ session {{ {SUMMARY} }} }} }}",
]
OPEN = "mutation($id: ID!) { openCall(input: {sessionId: $id, transport: REALTIME}) { call { id } } }"
CLOSE = "mutation($id: ID!) { closeCall(input: {callId: $id}) { call { id } } }"


async def summary(client: Client, session: str) -> dict[str, Any]:
    """Of every way to the session, by resolvers, by a statement and from the cache."""
    found = []
    for way in WAYS:
        for _ in range(3):
            (value,) = (await client.run(way, id=session)).values()
            found.append(value.get("session", value))
    listed = [(await client.run(LIST))["sessions"]["nodes"] for _ in range(2)]
    found += [each for nodes in listed for each in nodes if each["id"] == session]
    assert all(each == found[0] for each in found), found
    assert len(found) == 3 * len(WAYS) + 2
    return dict(found[0])


async def listed(client: Client, **filter_: Any) -> list[str]:
    answers = [(await client.run(LIST, filter=filter_))["sessions"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["totalCount"] == len(answers[0]["nodes"])
    return [each["id"] for each in answers[0]["nodes"]]


async def test_an_outcome_is_the_first_that_holds(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()

    async def outcome() -> str:
        found = str((await summary(acme, session))["outcome"])
        assert await listed(acme, outcome=found) == [session]
        return found

    assert await outcome() == "NOTHING_FILED"
    await add_turn(edge.database, session, "Hello", "Hi")
    assert await outcome() == "NOTHING_FILED"
    await add_turn(edge.database, session, "My bill", status=TurnStatus.FAILED)
    assert await outcome() == "FAILED"
    await add_record(edge.database, session)
    assert await outcome() == "FILED"
    await add_record(edge.database, session, scenario="human_handover")
    assert await outcome() == "HANDED_OVER"
    queued = await add_turn(edge.database, session, "Another thing", status=TurnStatus.QUEUED)
    assert await outcome() == "IN_PROGRESS"
    async with edge.database.transaction() as writing:
        await writing.execute(
            text("update turns set status = 'CANCELLED', finished_at = now() where id = :id"), {"id": queued}
        )
        await writing.execute(text("update sessions set last_seq = last_seq + 1 where id = :id"), {"id": UUID(session)})
    assert await outcome() == "HANDED_OVER"
    call = (await acme.run(OPEN, id=session))["openCall"]["call"]["id"]
    assert await outcome() == "IN_PROGRESS"
    assert (await listed(acme, liveNow=True), await listed(acme, liveNow=False)) == ([session], [])
    await acme.run(CLOSE, id=call)
    assert await outcome() == "HANDED_OVER"
    assert (await listed(acme, liveNow=True), await listed(acme, liveNow=False)) == ([], [session])


async def test_a_changed_record_of_an_earlier_session_is_an_outcome(edge: Edge, acme: Client) -> None:
    earlier, later = await acme.create_session(), await acme.create_session()
    record = await add_record(edge.database, earlier)
    await add_record(edge.database, later)
    async with edge.database.transaction() as writing:
        await writing.execute(text("delete from crm_records where session_id = :id"), {"id": UUID(later)})
        await writing.execute(
            text(
                "insert into crm_record_changes (id, record_id, session_id, tool_call_id, before, after)"
                " select gen_random_uuid(), :record, session_id, id, '{}', '{}' from tool_calls where session_id = :id"
            ),
            {"record": record, "id": UUID(later)},
        )
    found = await summary(acme, later)
    assert (found["outcome"], found["recordCount"]) == ("FILED", 0)


async def test_counts_and_first_words(edge: Edge, acme: Client) -> None:
    session, silent = await acme.create_session(), await acme.create_session()
    await add_turn(edge.database, session, "", "I did not catch that.")
    await add_turn(edge.database, session, "\u202e<script>" + "é" * 400, status=TurnStatus.FAILED)
    await add_turn(edge.database, session, "More", status=TurnStatus.FAILED)
    await add_record(edge.database, session)
    await add_record(edge.database, session)
    found = await summary(acme, session)
    assert found["preview"] == ("\u202e<script>" + "é" * 400)[:200]
    assert (found["turnCount"], found["failedTurns"], found["recordCount"]) == (3, 2, 2)
    nothing = await summary(acme, silent)
    assert (nothing["preview"], nothing["turnCount"], nothing["failedTurns"], nothing["recordCount"]) == (None, 0, 0, 0)
    assert (await listed(acme, failed=True), await listed(acme, failed=False)) == ([session], [silent])


async def test_durations(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()

    async def later(milliseconds: int, change: str) -> float:
        async with edge.database.transaction() as writing:
            values = {"id": UUID(session), "ms": milliseconds}
            moment = "created_at + :ms * interval '1 millisecond'"
            await writing.execute(text(change.format(moment)), values)
        return float((await summary(acme, session))["durationMs"])

    assert (await summary(acme, session))["durationMs"] == 0
    add = "with s as (update sessions set last_seq = {0} where id = :id returning *) insert into events"
    add += " (session_id, seq, type, data, at) select id, last_seq, 'CallStarted', '{{{{}}}}', {{0}} from s"
    assert await later(1234, add.format(1)) == 1234
    assert await later(40 * 86_400_000, add.format(2)) == 40 * 86_400_000, "more than an Int holds"
    assert await later(-5, add.format(3)) == 0, "as in a fork, whose events are older"
    end = "update sessions set status = 'ENDED', ended_at = {} where id = :id"
    assert await later(61_000, end) == 61_000


async def test_sessions_by_their_agent(acme: Client) -> None:
    billing = await acme.create_session()
    technical = await acme.create_session(persona="technical_agent")
    assert await listed(acme, agent="technical_agent") == [technical]
    assert await listed(acme, agent="billing_agent") == [billing]
    assert await listed(acme, agent="No such agent") == []
    for bad in ("", "\0", "a" * 101):
        assert code_of(await post(acme, LIST, {"filter": {"agent": bad}})) == "BAD_USER_INPUT"


async def test_pages_with_all_filters_at_once_in_both_directions(edge: Edge, acme: Client) -> None:
    made = []
    for number in range(10):
        session = await acme.create_session()
        failed = TurnStatus.FAILED if number % 2 else TurnStatus.COMPLETED
        await add_turn(edge.database, session, "needle", status=failed)
        if number % 2:
            made.append(session)
    made.reverse()
    chosen = {"search": "needle", "failed": True, "outcome": "FAILED", "liveNow": False, "agent": "billing_agent"}
    for _ in range(2):
        first = (await acme.run(LIST, filter=chosen, first=2))["sessions"]
        last = (await acme.run(LIST, filter=chosen, last=2))["sessions"]
        after, before = first["pageInfo"]["endCursor"], last["pageInfo"]["startCursor"]
        next_ = (await acme.run(LIST, filter=chosen, first=2, after=after))["sessions"]
        earlier = (await acme.run(LIST, filter=chosen, last=2, before=before))["sessions"]
        pages = [[each["id"] for each in page["nodes"]] for page in (first, next_, earlier, last)]
        assert pages == [made[:2], made[2:4], made[1:3], made[3:]]
        assert {page["totalCount"] for page in (first, next_, earlier, last)} == {5}


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that go through SQLAlchemy."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        made.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield made
    event.remove(Engine, "before_cursor_execute", note)


async def test_a_page_takes_as_many_statements_as_one_row(edge: Edge, acme: Client, statements: list[str]) -> None:
    await acme.create_session()

    async def taken(place: int, expected: int) -> int:
        statements.clear()
        # An alias of its own each: a document that is new goes through the resolvers.
        nodes = (await acme.run(LIST.replace("nodes", f"a{place}: nodes"), first=100))["sessions"][f"a{place}"]
        assert len(nodes) == expected
        return len(statements)

    one = await taken(0, 1)
    for _ in range(30):
        session = await acme.create_session()
        await add_turn(edge.database, session, "words", "reply")
    assert await taken(1, 31) == one
