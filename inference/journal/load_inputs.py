"""Loads the inputs of a turn: its message, the conversation before it, and the checkpoints of earlier attempts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from uuid import UUID

from db.agents.personas import PERSONAS
from db.audio.store import AudioStore, retry_unavailable
from db.enums import MessageType, Role, ToolCallStatus
from db.json_value import Json
from db.postgres.database import Database
from db.turns.values import Claim
from inference.ports import AssistantMessage, CompletedToolCall, HistoryItem, ToolRequest, UserMessage
from inference.turn.inputs import TurnInputs

#: The newest turns that a model is given as history.
_MAX_TURNS = 100

#: Keys of a session's metadata that the model may know of the customer.
_KNOWN = ("name", "phone", "account_id")


#: All inputs in one statement, so in one snapshot. $1: session, $2: turn, $3: turns of history.
INPUTS = """
with mine as materialized (
  select number from turns where id = $2::uuid and session_id = $1::uuid
), lately as materialized (
  select turns.id, turns.number from turns cross join mine
  where turns.session_id = $1 and turns.number <= mine.number and turns.number > mine.number - $3::int
)
select sessions.language, sessions.persona, sessions.customer_id, sessions.metadata::text, mine.number,
  (select json_agg(json_build_object('number', lately.number, 'role', messages.role, 'type', messages.type,
      'text', messages.text, 'language', messages.language, 'audio_id', messages.audio_id) order by messages.id)::text
    from lately join messages on messages.turn_id = lately.id),
  (select json_agg(json_build_object('number', lately.number, 'id', calls.id, 'name', calls.name,
      'server', calls.server, 'arguments', calls.arguments, 'result', calls.result, 'error', calls.error,
      'status', calls.status) order by calls.id)::text
    from lately join tool_calls calls on calls.turn_id = lately.id)
from sessions cross join mine where sessions.id = $1
"""

RECORDING = "select store_key, size_bytes from audio where id = $1::uuid"

Found = Mapping[str, Json]


async def load_inputs(
    database: Database, store: AudioStore, claim: Claim, *, patience_seconds: float = 0
) -> TurnInputs:
    """All inputs of the pipeline. Retries an unavailable audio store for ``patience_seconds``.

    Raises AudioStoreUnavailable.
    """
    row = await database.reader.row(INPUTS, [claim.session_id, claim.turn_id, _MAX_TURNS])
    assert row is not None
    language, persona, customer_id, metadata, number, said, used = row
    messages: list[Found] = json.loads(said or "[]")
    calls: list[Found] = json.loads(used or "[]")
    mine = [call for call in calls if call["number"] == number]
    asked = next(each for each in messages if each["number"] == number and each["role"] == Role.USER)
    answered = next((each for each in messages if each["number"] == number and each["role"] == Role.ASSISTANT), None)
    spoken = [each["language"] for each in messages if each["language"]]
    recording = None
    if asked["type"] == MessageType.AUDIO and asked["text"] is None:
        recording = await _recording(database, store, asked["audio_id"], patience_seconds)
    return TurnInputs(
        tenant_id=claim.tenant_id,
        session_language=language,
        earlier_language=spoken[-1] if spoken else None,
        persona=PERSONAS[persona],
        known=_known(customer_id, json.loads(metadata or "{}") or {}),
        history=_history(messages, calls, before=number),
        text=asked["text"],
        recording=recording,
        reply=None if answered is None else answered["text"],
        spoken=answered is not None and answered["audio_id"] is not None,
        used=tuple(_used(call) for call in mine if call["status"] != ToolCallStatus.PENDING),
        pending=tuple(
            ToolRequest(call["id"], call["name"], call["arguments"], call["server"])
            for call in mine
            if call["status"] == ToolCallStatus.PENDING
        ),
    )


async def _recording(database: Database, store: AudioStore, audio_id: str, patience_seconds: float) -> bytes:
    row = await database.reader.row(RECORDING, [UUID(audio_id)])
    assert row is not None
    key, size = row
    return await retry_unavailable(lambda: store.get(database, key, 0, size), patience_seconds=patience_seconds)


def _known(customer_id: str, metadata: Mapping[str, Json]) -> dict[str, str]:
    said = {key: metadata[key] for key in _KNOWN if isinstance(metadata.get(key), str) and metadata[key].strip()}
    return {"customer_id": customer_id, **said}


def _history(messages: Iterable[Found], calls: Iterable[Found], *, before: int) -> tuple[HistoryItem, ...]:
    """The history turn by turn: the user's message, tool calls, the reply."""
    found: list[tuple[int, int, HistoryItem]] = []
    for message in messages:
        if message["role"] == Role.USER:
            found.append((message["number"], 0, UserMessage(message["text"] or "")))
        else:
            found.append((message["number"], 2, AssistantMessage(message["text"] or "")))
    found.extend((call["number"], 1, _used(call)) for call in calls if call["status"] != ToolCallStatus.PENDING)
    earlier = [each for each in found if each[0] < before]
    return tuple(item for _, _, item in sorted(earlier, key=lambda each: each[:2]))


def _used(call: Found) -> CompletedToolCall:
    result = call["result"] or {"ok": False, "errors": [{"loc": "", "msg": call["error"]}]}
    return CompletedToolCall(call["id"], call["name"], call["arguments"], result)
