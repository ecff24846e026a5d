"""Search in conversations: SessionFilter.search."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.client import Client
from tests.graph.api.session_rows import add_record, add_turn
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = """query($filter: SessionFilter, $first: Int! = 20, $after: String, $last: Int, $before: String) {
  sessions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def found(client: Client, search: str, **more: Any) -> list[str]:
    """The ids, which resolvers and a compiled query give alike."""
    answers = [(await client.run(LIST, filter={"search": search, **more}))["sessions"] for _ in range(2)]
    assert answers[0] == answers[1]
    ids = [each["id"] for each in answers[0]["nodes"]]
    assert answers[0]["totalCount"] == len(ids)
    return ids


async def test_words_of_both_sides_in_any_message_and_case(edge: Edge, acme: Client, rival: Client) -> None:
    one, other = await acme.create_session(), await acme.create_session()
    await add_turn(edge.database, one, "My ROUTER is broken.", "I am sorry to hear that.")
    await add_turn(edge.database, one, "I want a refund", None)
    await add_turn(edge.database, other, "The router is slow.", "A technician will call.")
    theirs = await rival.create_session()
    await add_turn(edge.database, theirs, "router refund")
    for search, expected in [
        ("router", [other, one]),
        ("router refund", [one]),
        ("refund, Router!", [one]),
        ("TECHNICIAN", [other]),
        ("refund technician", []),
        ("sorry", [one]),
        ("elephant", []),
    ]:
        assert await found(acme, search) == expected, search
    assert await found(rival, "router") == [theirs]
    assert await found(acme, "router", status="ENDED") == []


@pytest.mark.parametrize(
    ("language", "said", "searches"),
    [
        (
            "en",
            "He was charged twice for the bills",
            ["charge", "charging", "billing", "bill", "cha", "the"],
        ),
        ("en-GB", "The invoices were wrong", ["invoice", "invoicing"]),
        ("es-MX", "Quiero cancelar mis facturas", ["factura", "cancelando", "factur"]),
        ("de", "Die Rechnungen stimmen nicht, schöne Grüße", ["Rechnung", "GRÜSSE", "schönen"]),
        ("fr", "J’ai payé l'abonnement deux fois", ["abonnements", "payer", "pay", "ai"]),
        ("hi", "मेरा बिल गलत है", ["बिल", "मेरा", "गलत"]),
        ("it", "Il contratto è scaduto", ["contratto", "contr", "è"]),
        (None, "No language is known yet", ["language", "lang"]),
        ("ar", "فاتورتي خاطئة", ["فاتورتي", "فاتور"]),
    ],
)
async def test_other_forms_of_a_word_and_its_beginning(
    edge: Edge, acme: Client, language: str | None, said: str, searches: list[str]
) -> None:
    session = await acme.create_session()
    await add_turn(edge.database, session, said, language=language)
    for search in searches:
        assert await found(acme, search) == [session], search
    assert await found(acme, "xylophone") == []


async def test_the_language_that_is_understood_later_counts(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    turn = await add_turn(edge.database, session, "Die falschen Rechnungen", language=None)
    assert await found(acme, "Rechnung") == [session], "by its beginning"
    assert await found(acme, "falsches") == []
    async with edge.database.transaction() as writing:
        await writing.execute(text("update messages set language = 'de' where turn_id = :id"), {"id": turn})
    assert await found(acme, "falsches") == [session]


async def test_what_records_hold_is_found_in_words_and_in_one_piece(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    await add_record(
        edge.database,
        session,
        reference="B1046R25",
        name="María-José O'Neill",
        phone="+49 30 123456",
        account_id="AB-123456",
        query="I was billed twice",
        details={"tracking": {"number": "RX-77/9", "count": 4211}},
    )
    for search in (
        "B1046R25", "b1046r25", "B-1046-R25", "b1 046 r25", "BI046R25", "maría", "José", "maria-josé", "neill",
        "AB-123456", "ab123456", "123456", "+49 30 123456", "0049 30 123456"[2:], "4930123456", "rx-77/9", "4211",
        "billed", "maría 123456",
    ):  # fmt: skip
        expected = [] if search == "maria-josé" else [session]  # accents count
        assert await found(acme, search) == expected, search
    for search in ("B1046R26", "AB-123457", "30123456", "tracking"):
        assert await found(acme, search) == [], search


async def test_a_word_that_postgres_takes_for_a_number_or_an_address(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    said = "Order 1e5abc-9, 3.14 of -5678, joe.doe@example.com, see http://example.org/a?b=c and C:\\path\\file it's"
    await add_turn(edge.database, session, said)
    for search in (
        "1e5abc-9", "1e5abc", "3.14", "5678", "-5678", "joe", "doe@example.com", "example.org/a", "file", "it's",
        "path\\file", "b=c",
    ):  # fmt: skip
        assert await found(acme, search) == [session], search


HOSTILE = [
    "!", "&", "' | '", "a & !b", "(((", ":*", "router:*", "'; drop table messages; --", "\\", "\\'", "''''", "<->", "*",
    "\u202e\u200f", "🎧", "%", "_", "a" * 200, "' " * 100, "x'" * 100, "\u0301" * 50, "1e999999999", "-" * 200,
    "0x1", "\ufeff", "a:b:c:d", "e\u0301" * 50, "漢字" * 100, "12345678901234567890" * 10, "<script>", "\u2028x",
]  # fmt: skip


async def test_hostile_searches_are_no_errors(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    await add_turn(edge.database, session, "harmless", "answer")
    for search in HOSTILE:
        for _ in range(2):
            answer = await post(acme, LIST, {"filter": {"search": search}})
            codes = [each["extensions"]["code"] for each in answer.get("errors", [])]
            assert set(codes) <= {"BAD_USER_INPUT"}, (search, codes)
            if not codes:
                assert answer["data"]["sessions"]["nodes"] == [], search
    assert await found(acme, "harmless " + "router " * 20) == []
    assert await found(acme, " ".join(["harmless"] * 22)) == [session]


@pytest.mark.parametrize(
    "search", ["", "  \t", "\0", "a\0b", "\ud800", "a" * 201, "router " * 15_000, "' or ''=' " * 10_000]
)
async def test_a_search_that_cannot_be(acme: Client, search: str) -> None:
    for _ in range(2):
        assert code_of(await post(acme, LIST, {"filter": {"search": search}})) == "BAD_USER_INPUT"


async def test_long_and_strange_messages_can_be_stored_and_found(edge: Edge, acme: Client) -> None:
    """The index refuses no text that a message may have."""
    session = await acme.create_session()
    digits = str.maketrans("0123456789", "".join(chr(0x1D7D8 + place) for place in range(10)))  # of four bytes
    distinct = " ".join(str(number).translate(digits) for number in range(10**5, 2 * 10**5))
    words = " ".join(f"{number:x}\u0939{number:o}" for number in range(40_000))
    for said in (distinct, words, "x" * 100_000, "\u202e<script>alert(1)</script>\u202c findable", "\u0301" * 4000):
        await add_turn(edge.database, session, said)
    assert await found(acme, "findable") == [session]
    assert await found(acme, "script alert") == [session]


async def test_pages_of_a_search_in_both_directions(edge: Edge, acme: Client) -> None:
    made = []
    for number in range(5):
        made.append(await acme.create_session())
        await add_turn(edge.database, made[-1], f"needle {number}")
        await add_turn(edge.database, made[-1], "needle again")  # found twice, listed once
        await add_turn(edge.database, await acme.create_session(), "hay")
    made.reverse()
    for _ in range(2):
        forwards, after = [], None
        while True:
            page = (await acme.run(LIST, filter={"search": "needle"}, first=2, after=after))["sessions"]
            assert page["totalCount"] == 5
            forwards.append([each["id"] for each in page["nodes"]])
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert forwards == [made[:2], made[2:4], made[4:]]
        page = (await acme.run(LIST, filter={"search": "needle"}, last=2, before=after))["sessions"]
        assert [each["id"] for each in page["nodes"]] == made[2:4]
        assert (page["totalCount"], page["pageInfo"]["hasPreviousPage"]) == (5, True)


async def test_a_search_uses_the_indexes(edge: Edge) -> None:
    """Of many messages, those that have the word are read, not all of them."""
    async with edge.database.transaction() as session:
        await session.execute(text("set local enable_seqscan = off"))
        for statement, index in [
            ("select from messages where voxloom_said_words(text, language) @@ voxloom_word_query('x')", "said_words"),
            (
                "select from crm_records where voxloom_record_words(reference, name, phone, account_id, query, details)"
                " @@ voxloom_word_query('x')",
                "crm_records_words",
            ),
            ("select from turns where session_id = gen_random_uuid() and status = 'FAILED'", "ix_turns_failed"),
        ]:
            plan = "\n".join((await session.scalars(text(f"explain {statement}"))).all())
            assert index in plan, plan
