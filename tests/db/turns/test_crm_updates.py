"""Changes of filed CRM records: whose they are, what is valid, what is kept, and that a call changes once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.agents.builtin import builtin_agents
from db.agents.references import as_stored, new_reference
from db.commands import sessions
from db.commands.sessions import end_session
from db.enums import Channel, EventType, ToolCallStatus
from db.models.conversation import Session
from db.models.work import CrmRecord, ToolCall
from db.postgres.database import Database
from db.turns import tool_calls
from db.turns.crm import file_record
from db.turns.crm_updates import update_record
from db.turns.tool_calls import NewToolCall
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.rows import events_of, everything, scalar

_SAID = "4111-secret"
_CONTACT = {
    "query": "new number",
    "intent": "contact_change",
    "name": "Ana",
    "phone": "+34 600 111 222",
    "account_id": "ACC-1",
    "new_email": "ana@example.com",
}
_numbers = count(1)


class Desk:
    """Files and changes records in sessions of one tenant."""

    def __init__(self, database: Database, viewer: Viewer) -> None:
        self.database = database
        self.viewer = viewer

    async def session(self, customer_id: str = "ana", agent: str = "billing_agent") -> UUID:
        async with self.database.transaction() as session:
            row = await sessions.create_session(
                session,
                self.viewer,
                customer_id=customer_id,
                language="en",
                channel=Channel.WEB,
                persona=agent,
                metadata=None,
            )
            return row.id

    async def begin(self, session_id: UUID, *, manual: bool = False) -> UUID:
        async with self.database.transaction() as session:
            key = str(next(_numbers))
            if manual:
                call = await tool_calls.begin_manual(
                    session, session_id, name="t", server="crm", arguments={}, idempotency_key=key
                )
            else:
                call = await tool_calls.begin(session, NewToolCall(session_id, None, 1, "t", "crm", {}, key))
            return call.id

    async def file(
        self, session_id: UUID, payload: Mapping[str, Any] = _CONTACT, scenario: str = "contact_details_change"
    ) -> str:
        """Files a record; returns its reference."""
        call_id = await self.begin(session_id)
        async with self.database.transaction() as session:
            call = await tool_calls.lock(session, self.viewer.tenant_id, session_id, call_id)
            result: Mapping[str, Any] = await file_record(
                session, call, builtin_agents()["billing_agent"], scenario, payload
            )
        assert result["ok"], result
        return str(result["record"]["reference"])

    async def run(self, session_id: UUID, call_id: UUID, agent: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        result = await self.database.run(
            lambda session: update_record(
                session,
                tenant_id=self.viewer.tenant_id,
                session_id=session_id,
                tool_call_id=call_id,
                agent=builtin_agents()[agent],
                arguments=arguments,
            )
        )
        return dict(result)

    async def update(self, session_id: UUID, agent: str = "billing_agent", **arguments: Any) -> dict[str, Any]:
        return await self.run(session_id, await self.begin(session_id), agent, arguments)

    async def record(self, reference: str) -> CrmRecord:
        async with self.database.reading() as session:
            return (await session.scalars(select(CrmRecord).where(CrmRecord.reference == reference))).one()

    async def changes(self) -> list[tuple[Any, Any]]:
        statement = (
            "select coalesce(json_agg(json_build_array(before, after) order by id), '[]') from crm_record_changes"
        )
        found: list[list[Any]] = await scalar(self.database, statement)
        return [(before, after) for before, after in found]


@pytest.fixture
def desk(database: Database, viewer: Viewer) -> Desk:
    return Desk(database, viewer)


async def test_a_change_keeps_the_reference_and_the_earlier_values(desk: Desk) -> None:
    session_id = await desk.session()
    reference = await desk.file(session_id)
    filed = await desk.record(reference)
    assert filed.updated_at is None
    given: dict[str, Any] = {
        "phone": "+34 600 333 444",
        "account_id": "ACC-1",
        "new_email": None,
        "new_address": " Calle Mayor 1 ",
    }
    result = await desk.update(session_id, reference=reference, **given)
    assert result["ok"] is True
    assert result["changed"] == ["phone", "new_email", "new_address"]
    assert (result["record"]["reference"], result["record"]["new_address"]) == (reference, "Calle Mayor 1")
    changed = await desk.record(reference)
    assert (changed.id, changed.tool_call_id, changed.created_at) == (filed.id, filed.tool_call_id, filed.created_at)
    assert (changed.phone, changed.name, changed.details) == (
        "+34 600 333 444",
        "Ana",
        {"new_address": "Calle Mayor 1"},
    )
    assert changed.updated_at is not None and changed.updated_at > filed.created_at
    assert await desk.changes() == [
        (
            {"phone": "+34 600 111 222", "new_email": "ana@example.com", "new_address": None},
            {"phone": "+34 600 333 444", "new_email": None, "new_address": "Calle Mayor 1"},
        )
    ]
    told = await events_of(desk.database, session_id)
    assert [each.type for each in told[-2:]] == [EventType.CRM_RECORD_UPDATED, EventType.TOOL_CALL_FINISHED]
    assert told[-2].data["crm_record_id"] == str(filed.id)
    again = await desk.update(session_id, id=str(filed.id), phone="+34 600 555 666", name=None)
    assert again["changed"] == ["phone", "name"]
    assert (await desk.record(reference)).name is None
    assert [before.get("phone") for before, _ in await desk.changes()] == ["+34 600 111 222", "+34 600 333 444"]


async def test_a_change_to_what_is_there_changes_nothing(desk: Desk) -> None:
    session_id = await desk.session()
    reference = await desk.file(session_id)
    result = await desk.update(session_id, reference=reference, phone="+34 600 111 222", new_address=None)
    assert (result["ok"], result["changed"]) == (True, [])
    assert await desk.changes() == []
    assert (await desk.record(reference)).updated_at is None
    assert [each.type for each in await events_of(desk.database, session_id)][-1:] == [EventType.TOOL_CALL_FINISHED]


async def test_a_call_that_runs_twice_changes_once(desk: Desk) -> None:
    session_id = await desk.session()
    reference = await desk.file(session_id)
    call_id = await desk.begin(session_id)
    arguments = {"reference": reference, "name": "Eva"}
    results = await asyncio.gather(*(desk.run(session_id, call_id, "billing_agent", arguments) for _ in range(8)))
    assert all(each == results[0] for each in results)
    assert results[0]["changed"] == ["name"]
    assert len(await desk.changes()) == 1
    async with desk.database.reading() as session:
        call = await session.get_one(ToolCall, call_id)
    assert (call.status, call.result, call.error) == (ToolCallStatus.ACCEPTED, results[0], None)
    before = await everything(desk.database)
    later = await desk.run(session_id, call_id, "billing_agent", {**arguments, "name": "Zoe"})
    assert later == results[0], "it has ended; it is not run again"
    assert await everything(desk.database) == before


@pytest.mark.parametrize(
    "typed", [str.lower, lambda text: f" {text[:4]}-{text[4:]} ", lambda text: text.replace("0", "o")]
)
async def test_a_reference_is_found_as_people_write_it(desk: Desk, typed: Any) -> None:
    session_id = await desk.session()
    reference = await desk.file(session_id)
    result = await desk.update(session_id, reference=typed(reference), name="Eva")
    assert result["record"]["reference"] == reference


def test_every_reference_is_found_again() -> None:
    for _ in range(500):
        assert as_stored(new_reference().lower()) != ""
        reference = new_reference()
        assert as_stored(reference) == reference
    assert as_stored("L1OI-L2ol") == "L101L201"
    assert as_stored("o1ilab") == "0111AB", "of an earlier pattern"


_REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no record": ({"reference": None, "name": "Eva"}, {"reference"}),
    "two records": ({"id": "x", "name": "Eva"}, {"reference"}),
    "a number for a reference": ({"reference": 5, "name": "Eva"}, {"reference"}),
    "an unknown reference": ({"reference": "K000R000", "name": "Eva"}, {"reference"}),
    "a reference that can be none": ({"reference": "'; drop\u0000" * 100, "name": "Eva"}, {"reference"}),
    "an id that is none": ({"reference": None, "id": _SAID, "name": "Eva"}, {"reference"}),
    "nothing to change": ({}, {""}),
    "no such field": ({_SAID: "x"}, set()),
    "a field of another scenario": ({"reason": _SAID}, set()),
    "no phone number": ({"phone": _SAID}, {"phone"}),
    "not text": ({"name": [_SAID]}, {"name"}),
    "no such priority": ({"priority": _SAID}, {"priority"}),
    "another scenario's intent": ({"intent": "cancel"}, {"intent"}),
    "what every record has, cleared": ({"query": None}, set()),
    "the last of what is needed, cleared": ({"new_email": None}, set()),
    "its status": ({"status": "FAILED"}, set()),
    "whose it is": ({"customer_id": "eve"}, set()),
    "one right and one wrong": ({"name": "Eva", "phone": _SAID}, {"phone"}),
}


@pytest.mark.parametrize("case", _REFUSED)
async def test_a_change_that_cannot_be_leaves_the_record(desk: Desk, case: str) -> None:
    given, fields = _REFUSED[case]
    session_id = await desk.session()
    reference = await desk.file(session_id)
    before = await scalar(desk.database, "select r::text from crm_records r")
    named = {key: value for key, value in {"reference": reference, **given}.items() if key != "reference" or value}
    result = await desk.update(session_id, **named)
    assert result["ok"] is False
    assert result["errors"]
    assert all(set(each) == {"loc", "msg"} and each["msg"] for each in result["errors"])
    assert {each["loc"] for each in result["errors"]} >= fields
    if case != "no such field":
        assert _SAID not in str(result)
    assert await scalar(desk.database, "select r::text from crm_records r") == before
    assert await desk.changes() == []
    assert await scalar(desk.database, "select count(*) from tool_calls where status = 'FAILED'") == 1


async def test_a_record_of_an_earlier_session_of_the_customer_can_be_changed(desk: Desk) -> None:
    first, later = await desk.session(), await desk.session()
    reference = await desk.file(first)
    async with desk.database.transaction() as session:
        await end_session(session, desk.viewer, session_id=first)
    told = [each.type for each in await events_of(desk.database, first)]
    version = await scalar(desk.database, "select xmin::text from sessions where id = :id", id=first)
    assert (await desk.update(later, reference=reference, name="Eva"))["ok"]
    assert [each.type for each in await events_of(desk.database, first)] == told, "SessionEnded stays the last"
    assert await scalar(desk.database, "select xmin::text from sessions where id = :id", id=first) != version
    kinds = [each.type for each in await events_of(desk.database, later)]
    assert kinds == [EventType.CRM_RECORD_UPDATED, EventType.TOOL_CALL_FINISHED]
    assert await scalar(desk.database, "select session_id from crm_record_changes") == later


async def test_a_record_of_somebody_else_is_an_unknown_one(desk: Desk, other_key: str) -> None:
    mine = await desk.session("ana")
    rival = Desk(desk.database, await holder_of(desk.database, other_key))
    of_others = [await desk.file(await desk.session("ben")), await rival.file(await rival.session("ana"))]
    unknown = await desk.update(mine, reference="K000R000", name="Eva")
    for reference in of_others:
        before = await desk.record(reference)
        assert await desk.update(mine, reference=reference, name="Eva") == unknown
        assert await desk.update(mine, id=str(before.id), name="Eva") == unknown
        assert (await desk.record(reference)).name == "Ana"
    assert await desk.changes() == []


async def test_an_agent_changes_only_what_it_may_file(desk: Desk) -> None:
    reference = await desk.file(await desk.session(), {"query": "too much", "intent": "billing"}, "billing_query")
    technical = await desk.session(agent="technical_agent")
    result = await desk.update(technical, "technical_agent", reference=reference, name="Eva")
    assert (result["ok"], [each["loc"] for each in result["errors"]]) == (False, ["reference"])
    assert await desk.changes() == []


async def test_two_sessions_that_change_each_others_records_do_not_wait_for_each_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await desk.session(), await desk.session()
    of_first, of_second = await desk.file(first), await desk.file(second)
    monkeypatch.setattr("db.postgres.database.retry_conflicts", lambda once: once())  # a deadlock is an error here
    async with asyncio.timeout(60):
        results = await asyncio.gather(
            *(desk.update(first, reference=of_second, name=f"Ana {'ab'[n % 2]}") for n in range(10)),
            *(desk.update(second, reference=of_first, name=f"Eva {'ab'[n % 2]}") for n in range(10)),
        )
    assert all(each["ok"] for each in results)


async def test_a_change_of_a_session_that_has_ended_meanwhile_has_no_event(desk: Desk) -> None:
    session_id = await desk.session()
    reference = await desk.file(session_id)
    call_id = await desk.begin(session_id, manual=True)
    async with desk.database.transaction() as session:
        await end_session(session, desk.viewer, session_id=session_id)
    assert (await desk.run(session_id, call_id, "billing_agent", {"reference": reference, "name": "Eva"}))["ok"]
    assert (await events_of(desk.database, session_id))[-1].type is EventType.SESSION_ENDED
    assert (await desk.record(reference)).name == "Eva"


async def test_a_fork_changes_only_its_own_records(desk: Desk) -> None:
    """It runs on trial: the customer's records stay as they are."""
    first, fork = await desk.session(), await desk.session()
    real, of_another = await desk.file(first), await desk.file(await desk.session())
    async with desk.database.transaction() as session:
        await session.execute(update(Session).where(Session.id == fork).values(forked_from_id=first, forked_after=1))
    own = await desk.file(fork)
    for reference in (real, of_another):
        assert not (await desk.update(fork, reference=reference, name="Eva"))["ok"]
    assert (await desk.update(fork, reference=own, name="Eva"))["ok"]
    assert not (await desk.update(first, reference=own, name="Zoe"))["ok"], "what a fork filed is no request"
    assert [(await desk.record(each)).name for each in (real, of_another, own)] == ["Ana", "Ana", "Eva"]
