"""Evals over GraphQL: a file is read, a session judged, hostile texts are bounded, sessions can be told apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.enums import TurnStatus
from db.ids import new_id
from tests.client import Client, GraphQLFailed
from tests.graph.api.session_rows import add_record, add_turn
from tests.graph.edge import Edge
from tests.waiting import bounded_work

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ = """query($text: String!) { evalConversations(text: $text) {
  name kind agent language known lines { say speak audio } source } }"""
JUDGE = """query($id: ID!, $conversation: String!) { judgeSession(sessionId: $id, conversation: $conversation) {
  right misses { line about message } intents { allowed understood }
  played { turns { heard reply filed error } records { scenario fields } } } }"""
PLAYED = "query($id: ID!) { playedSession(sessionId: $id) { turns { heard } records { scenario } } }"
LIST = "query($evals: Boolean) { sessions(filter: {evals: $evals}) { nodes { id } } }"
FILE = """
agent: desk
kind: plain
conversations:
  - name: a-bill
    known: {name: Ann Lee}
    turns:
      - {say: "My bill is wrong.", intent: billing, expect: {filed: [billing_query], reply: {any: ["record\\\\w+"]}}}
      - {speak: "Thank you.", expect: {filed: [], reply: {none: ["sorry"]}}}
    expect: {records: [{scenario: billing_query, fields: {name: Ann Lee, phone: null}}]}
  - {name: hello, language: de, turns: [{say: Hallo.}]}
"""


async def _problems(client: Client, query: str, **variables: Any) -> list[dict[str, Any]]:
    with pytest.raises(GraphQLFailed) as refused:
        await client.run(query, **variables)
    assert refused.value.code == "INVALID_EVALS"
    found: list[dict[str, Any]] = refused.value.errors[0]["extensions"]["problems"]
    return found


async def _source(client: Client, text: str = FILE) -> str:
    return str((await client.run(READ, text=text))["evalConversations"][0]["source"])


async def _with_turns(edge: Edge, client: Client, *, reply: str, phone: str | None = None) -> str:
    """A session in which the first message was filed, and the second was thanks."""
    session = await client.create_session()
    first = await add_turn(edge.database, session, "My bill is wrong.", reply)
    await add_record(edge.database, session, turn_id=first, name="Ann Lee", phone=phone)
    await add_turn(edge.database, session, "Thank you.", "You are welcome.")
    return session


async def test_an_eval_file_is_read(acme: Client) -> None:
    first, second = (await acme.run(READ, text=FILE))["evalConversations"]
    assert (first["name"], first["kind"], first["agent"], first["language"]) == ("a-bill", "plain", "desk", "en")
    assert first["known"] == {"name": "Ann Lee"}
    assert first["lines"] == [
        {"say": "My bill is wrong.", "speak": None, "audio": None},
        {"say": None, "speak": "Thank you.", "audio": None},
    ]
    assert (second["agent"], second["language"]) == ("desk", "de")


async def test_a_session_is_judged(edge: Edge, acme: Client) -> None:
    session = await _with_turns(edge, acme, reply="It is recorded.")
    found = (await acme.run(JUDGE, id=session, conversation=await _source(acme)))["judgeSession"]
    assert found["right"] and found["misses"] == []
    assert found["intents"] == [{"allowed": ["billing"], "understood": None}]
    assert [each["filed"] for each in found["played"]["turns"]] == [["billing_query"], []]
    assert found["played"]["records"][0]["fields"]["name"] == "Ann Lee"


async def test_what_was_missed_is_told_by_line(edge: Edge, acme: Client) -> None:
    session = await _with_turns(edge, acme, reply="Hm.", phone="+15550100")
    await add_turn(edge.database, session, "More.", status=TurnStatus.FAILED)  # more than the conversation has
    found = (await acme.run(JUDGE, id=session, conversation=await _source(acme)))["judgeSession"]
    assert not found["right"]
    assert [(each["line"], each["about"]) for each in found["misses"]] == [(1, "reply"), (0, "invented field")]
    assert "+15550100" in found["misses"][1]["message"]


async def test_a_turn_that_failed_or_did_not_end_is_a_miss(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    await add_turn(edge.database, session, "My bill is wrong.", status=TurnStatus.FAILED)
    await add_turn(edge.database, session, "Thank you.", status=TurnStatus.QUEUED)
    text = "conversations: [{name: a, turns: [{say: a}, {say: b}, {say: c}]}]"
    found = (await acme.run(JUDGE, id=session, conversation=await _source(acme, text)))["judgeSession"]
    assert [each["line"] for each in found["misses"]] == [1, 2, 0]
    assert found["misses"][0]["message"].startswith("INTERNAL")
    assert found["misses"][1]["message"] == "QUEUED: the turn did not end"
    assert found["misses"][2]["message"] == "only 2 of 3 lines were played"


async def test_sessions_of_others_are_not_judged(edge: Edge, acme: Client, rival: Client) -> None:
    session = await _with_turns(edge, acme, reply="It is recorded.")
    source = await _source(acme)
    for id_ in (session, str(new_id()), "?"):
        for query, variables in ((JUDGE, {"conversation": source}), (PLAYED, {})):
            with pytest.raises(GraphQLFailed) as refused:
                await rival.run(query, id=id_, **variables)
            assert refused.value.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("conversations:\n  - name: a\n    turns: [{say: hi}]\n    expcet: {}", 4, "did you mean 'expect'?"),
        ("conversations:\n  - {name: a, turns: [{say: hi, speak: hi}]}", 2, "exactly one of say, speak and audio"),
        ("a: &a [1]\nb: *a", 1, "Anchors"),
        ("conversations: [", 2, "Not YAML"),
        ("- " * 30 + "a", 1, "nested deeper"),
    ],
    ids=["unknown key", "two ways", "aliases", "not YAML", "deep"],
)
async def test_mistakes_have_lines(acme: Client, text: str, line: int, told: str) -> None:
    problems = await _problems(acme, READ, text=text)
    assert told in problems[0]["message"]
    assert problems[0]["line"] == line


def _with_pattern(pattern: str, times: int = 1) -> str:
    line = f"{{say: hi, expect: {{reply: {{any: ['{pattern}']}}}}}}"
    return f"conversations: [{{name: a, turns: [{', '.join([line] * times)}]}}]"


async def test_regular_expressions_take_linear_time(edge: Edge, acme: Client) -> None:
    for pattern in ("(?=a)a", r"(a)\1", "(" * 100, "(a{1000}){1000}"):
        (problem,) = await _problems(acme, READ, text=_with_pattern(pattern))
        assert problem["path"] == "conversations[0].turns[0].expect.reply.any[0]"
    # Searched by backtracking, this would take years.
    session = await acme.create_session()
    await add_turn(edge.database, session, "hi", "a" * 5_000 + "!")
    source = await _source(acme, _with_pattern("^(a+)+$"))
    found = (await acme.run(JUDGE, id=session, conversation=source))["judgeSession"]
    assert found["misses"][0]["about"] == "reply"


async def test_many_large_regular_expressions_are_refused(acme: Client) -> None:
    large = "".join(chr(97 + number) + "{95}" for number in range(20))
    problems = await _problems(acme, READ, text=_with_pattern(large, times=200))
    assert "all of them together" in problems[0]["message"]


async def test_a_reply_without_an_end_is_read_in_linear_time(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    for _ in range(2):
        await add_turn(edge.database, session, "hi", "a" * 1_000_000)
    source = await _source(acme, "conversations: [{name: a, turns: [{say: a}, {say: b}]}]")
    with bounded_work():  # a square of the length takes hours
        assert (await acme.run(JUDGE, id=session, conversation=source))["judgeSession"]["right"]


async def test_files_with_many_lines_are_refused(acme: Client) -> None:
    line = "{say: a}"
    whole = f"{{name: a, turns: [{', '.join([line] * 200)}]}}"
    (problem,) = await _problems(acme, READ, text=f"conversations: [{', '.join([whole] * 11)}]")
    assert "2000 lines" in problem["message"]


async def test_sessions_of_evals_can_be_left_out(acme: Client) -> None:
    plain = await acme.create_session()
    known = await acme.create_session(metadata={"name": "Ann Lee"})
    played = await acme.create_session(metadata={"eval": "a-bill"})

    async def listed(evals: bool | None) -> set[str]:
        found: list[set[str]] = []
        for _ in range(2):  # by resolvers, and by a statement
            nodes = (await acme.run(LIST, evals=evals))["sessions"]["nodes"]
            found.append({str(UUID(each["id"])) for each in nodes})
        assert found[0] == found[1]
        return found[0]

    assert await listed(True) == {played}
    assert await listed(False) == {plain, known}
    assert await listed(None) == {plain, known, played}
