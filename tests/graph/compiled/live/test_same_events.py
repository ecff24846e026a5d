"""Compiled subscriptions send the same bytes as resolvers, for any selection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, get_named_type
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from db.enums import EventType
from db.feed.events import NewEvent, append
from db.models.audio import Audio
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, CrmRecordChange, ModelCall, ToolCall
from db.postgres.database import Database
from graph.api.schema import schema
from graph.compiled.live.live import Live
from graph.compiled.live.opening import Opened
from tests.client import Client
from tests.conftest import cloned
from tests.graph.compiled.reads.queries import AGAINST_A_SERVER
from tests.graph.compiled.reads.rows import TEXTS, Filler
from tests.graph.edge import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TYPES = schema.graphql_schema.type_map
_NAMES = [each.value for each in EventType]
_EXAMPLES = 40


@dataclass
class Both:
    """The same database behind two servers: with the live layer, and without."""

    live: Client
    slow: Client
    session_id: str
    turn_id: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(postgres: str) -> AsyncIterator[Both]:
    common: dict[str, Any] = {
        "public_url": "https://voxloom.example/",
        "requests_per_minute": 0,
        "max_cost": 10**9,
        "max_fields": 50_000,
    }
    served = 0
    open_ = Live.open

    async def counted(self: Live, *given: Any) -> Opened | None:
        nonlocal served
        found = await open_(self, *given)
        served += found is not None
        return found

    async with (
        cloned(postgres) as url,
        opened(url, **common) as fast,
        opened(url, compiled_operations=False, **common) as slow,
        fast.tenant() as acme,
        Client(slow.address, acme.headers["Authorization"].removeprefix("Bearer ")) as slow_acme,
    ):
        tenant = (await acme.run("{ viewer { tenant } }"))["viewer"]["tenant"]
        (session_id,) = await Filler(fast.database, tenant, seed=1).fill([12])
        turn_id = await happen(fast.database, session_id)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Live, "open", counted)
            yield Both(acme, slow_acme, str(session_id), str(turn_id))
    assert served > _EXAMPLES // 2, "the live layer served too few to be compared"


async def happen(database: Database, session_id: UUID) -> UUID:
    """One event of each type, about rows that are there. Returns the turn of them all."""
    async with database.transaction() as session:

        async def row(model: Any) -> Any:
            return (await session.scalars(select(model).where(model.session_id == session_id))).first()

        turn, message, call = await row(Turn), await row(Message), await row(ModelCall)
        sound, tool, live_call = await row(Audio), await row(ToolCall), await row(Call)
        record, change = await row(CrmRecord), await row(CrmRecordChange)
        await session.execute(update(Session).where(Session.id == session_id).values(last_seq=0))
        data = {
            "stage": "LLM",
            "engine": TEXTS[2],
            "model": TEXTS[3],
            "text": TEXTS[5],
            "code": "ENGINE_UNAVAILABLE",
            "message": TEXTS[6],
            "will_retry": True,
            "attempt": 2,
            "index": 3,
            "duration_ms": 1234,
            "message_id": str(message.id),
            "model_call_id": str(call.id),
            "tool_call_id": str(tool.id),
            "audio_id": str(sound.id),
            "call_id": str(live_call.id),
            "crm_record_id": str(record.id),
            "change_id": str(change.id),
            "at_ms": 4321,
            "prompt": "GREETING",
            "heard_ms": 567,
            "reason": "SILENCE",  # of StageSkipped, any text; of CallEnded, an enum value
        }
        kinds = [each for each in EventType if each is not EventType.SESSION_ENDED]
        # What ends a turn comes last, for a turn's followers go then.
        kinds.sort(key=lambda each: each.ends_turn)
        await append(session, session_id, [NewEvent(each, turn.id, data) for each in kinds])
        await append(session, session_id, [NewEvent(EventType.STAGE_COMPLETED, None, {**data, "model_call_id": None})])
        await append(session, session_id, [NewEvent(EventType.SESSION_ENDED)])
        found: UUID = turn.id
        return found


def _selection(draw: st.DrawFn, kind: GraphQLObjectType, depth: int, numbers: list[int]) -> str:
    names = [each for each, field in kind.fields.items() if depth < 3 or not _is_object(field)]
    chosen = draw(st.lists(st.sampled_from(["__typename", *names]), min_size=1, max_size=4))
    texts = []
    for name in chosen:
        numbers[0] += 1
        inside = "" if name == "__typename" or not _is_object(kind.fields[name]) else None
        if inside is None:
            inner = get_named_type(kind.fields[name].type)
            assert isinstance(inner, GraphQLObjectType)
            inside = _selection(draw, inner, depth + 1, numbers)
        texts.append(f"f{numbers[0]}: {name} {inside}")
    return "{ " + " ".join(texts) + " }"


def _is_object(field: Any) -> bool:
    return isinstance(get_named_type(field.type), GraphQLObjectType)


@st.composite
def subscriptions(draw: st.DrawFn) -> str:
    numbers = [0]
    parts = []
    for name in draw(st.lists(st.sampled_from(_NAMES), max_size=5)):
        kind = _TYPES[name]
        assert isinstance(kind, GraphQLObjectType)
        parts.append(f"... on {name} {_selection(draw, kind, 0, numbers)}")
    for name in draw(st.lists(st.sampled_from(["seq", "at", "turnId", "sessionId", "__typename"]), min_size=1)):
        parts.append(draw(st.sampled_from([name, f"... @include(if: $on) {{ {name} }}", f"...on Event {{ {name} }}"])))
    return " ".join(parts)


async def messages(client: Client, query: str, variables: dict[str, Any]) -> list[str]:
    """What comes on the socket, as it comes, up to the last."""
    found: list[str] = []
    async with client.socket() as socket:
        await socket.recv()
        payload = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": '"1\\', "type": "subscribe", "payload": payload}))
        while not found or json.loads(found[-1])["type"] not in ("complete", "error"):
            async with asyncio.timeout(30):
                message = await socket.recv()
            assert isinstance(message, str)
            if json.loads(message)["type"] != "ping":
                found.append(message)
    return found


@given(data=st.data())
@settings(AGAINST_A_SERVER, max_examples=_EXAMPLES)
async def test_the_live_layer_sends_the_same_bytes(both: Both, data: st.DataObject) -> None:
    selected = data.draw(subscriptions())
    of_turn = data.draw(st.booleans())
    root, argument, own = (
        ("turnEvents", "turnId", both.turn_id) if of_turn else ("sessionEvents", "sessionId", both.session_id)
    )
    head = "subscription($id: ID!, $after: Int! = 0, $on: Boolean! = true)"
    query = f"{head} {{ x: {root}({argument}: $id, afterSeq: $after) {{ {selected} seq @include(if: $on) }} }}"
    variables = {"id": own, "after": data.draw(st.sampled_from([0, 1, 5, 18, 99])), "on": data.draw(st.booleans())}
    live = await messages(both.live, query, variables)
    assert live == await messages(both.slow, query, variables), query
