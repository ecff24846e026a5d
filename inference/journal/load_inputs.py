"""Loads the inputs of a turn: its message, the conversation before it, and the checkpoints of earlier attempts.

The history holds a reply of a live call as far as the caller heard it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from db.agents.definition import AgentDefinition, EnginePreferences
from db.agents.pinned import PINNED_JOIN, known_version, read_definition
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


#: All inputs in one statement, so in one snapshot. $1: session, $2: turn, null for the next one; $3: turns of history.
INPUTS = f"""
with mine as materialized (
  select coalesce(turns.number, sessions.turn_count + 1) as number
  from sessions left join turns on turns.session_id = sessions.id and turns.id = $2::uuid
  where sessions.id = $1::uuid and ($2 is null or turns.id is not null)
), lately as materialized (
  select turns.id, turns.number, turns.call_id is not null as live from turns cross join mine
  where turns.session_id = $1 and turns.number <= mine.number and turns.number > mine.number - $3::int
)
select sessions.tenant_id, sessions.language, pinned.id, pinned.checksum, sessions.customer_id,
  sessions.metadata::text, mine.number,
  (select json_agg(json_build_object('number', lately.number, 'role', messages.role, 'type', messages.type,
      'text', messages.text, 'language', messages.language, 'audio_id', messages.audio_id, 'live', lately.live,
      'heard', messages.playback -> 'heard_text') order by messages.id)::text
    from lately join messages on messages.turn_id = lately.id),
  (select json_agg(json_build_object('number', lately.number, 'id', calls.id, 'name', calls.name,
      'server', calls.server, 'arguments', calls.arguments, 'result', calls.result, 'error', calls.error,
      'status', calls.status) order by calls.id)::text
    from lately join tool_calls calls on calls.turn_id = lately.id),
  sessions.external_tools, sessions.engines::text
from sessions {PINNED_JOIN} cross join mine where sessions.id = $1
"""  # noqa: S608 - of constants

RECORDING = "select store_key, size_bytes from audio where id = $1::uuid"

Found = Mapping[str, Json]


async def load_inputs(
    database: Database, store: AudioStore, claim: Claim, *, patience_seconds: float = 0
) -> TurnInputs:
    """All inputs of the pipeline. Retries an unavailable audio store for ``patience_seconds``.

    Raises AudioStoreUnavailable.
    """
    found = await _find(database, claim.session_id, claim.turn_id)
    asked = next(each for each in found.messages if each["number"] == found.number and each["role"] == Role.USER)
    answered = next(
        (each for each in found.messages if each["number"] == found.number and each["role"] == Role.ASSISTANT), None
    )
    recording = None
    if asked["type"] == MessageType.AUDIO and asked["text"] is None:
        recording = await _recording(database, store, asked["audio_id"], patience_seconds)
    return replace(
        found.inputs(),
        text=asked["text"],
        recording=recording,
        reply=None if answered is None else answered["text"],
        spoken=answered is not None and answered["audio_id"] is not None,
    )


async def next_inputs(database: Database, session_id: UUID, turn_id: UUID | None = None) -> TurnInputs:
    """The inputs of a live turn, without its text: of the session's next turn, or of one that is stored.

    The text is given by the call; a reply of an earlier attempt does not count.
    """
    return (await _find(database, session_id, turn_id)).inputs()


@dataclass(frozen=True, slots=True)
class _Rows:
    """The result of INPUTS. ``number``: of the turn."""

    tenant_id: UUID
    language: str
    agent: AgentDefinition
    customer_id: str
    metadata: Found
    number: int
    messages: list[Found]
    calls: list[Found]
    external_tools: bool
    engines: EnginePreferences

    def inputs(self) -> TurnInputs:
        """The inputs without the turn's own message and reply."""
        mine = [call for call in self.calls if call["number"] == self.number]
        spoken = [each["language"] for each in self.messages if each["language"]]
        return TurnInputs(
            tenant_id=self.tenant_id,
            session_language=self.language,
            earlier_language=spoken[-1] if spoken else None,
            agent=self.agent,
            known=_known(self.customer_id, self.metadata),
            history=_history(self.messages, self.calls, before=self.number),
            text=None,
            recording=None,
            reply=None,
            spoken=False,
            used=tuple(_used(call) for call in mine if call["status"] != ToolCallStatus.PENDING),
            pending=tuple(
                ToolRequest(call["id"], call["name"], call["arguments"], call["server"])
                for call in mine
                if call["status"] == ToolCallStatus.PENDING
            ),
            external_tools=self.external_tools,
            engines=self.engines,
        )


async def _find(database: Database, session_id: UUID, turn_id: UUID | None) -> _Rows:
    row = await database.reader.row(INPUTS, [session_id, turn_id, _MAX_TURNS])
    assert row is not None
    tenant_id, language, version_id, checksum, customer_id, metadata, number, *told = row
    said, used, external_tools, engines = told
    agent = await read_definition(database.reader, known_version(version_id), checksum)
    known: Found = json.loads(metadata or "{}") or {}
    messages, calls = json.loads(said or "[]"), json.loads(used or "[]")
    named = EnginePreferences.model_validate_json(engines or "{}")
    return _Rows(tenant_id, language, agent, customer_id, known, number, messages, calls, external_tools, named)


async def _recording(database: Database, store: AudioStore, audio_id: str, patience_seconds: float) -> bytes:
    row = await database.reader.row(RECORDING, [UUID(audio_id)])
    assert row is not None
    key, size = row
    return await retry_unavailable(lambda: store.get(database, key, 0, size), patience_seconds=patience_seconds)


def _known(customer_id: str, metadata: Mapping[str, Json]) -> dict[str, str]:
    said = {key: metadata[key] for key in _KNOWN if isinstance(metadata.get(key), str) and metadata[key].strip()}
    return {"customer_id": customer_id, **said}


def _history(messages: Iterable[Found], calls: Iterable[Found], *, before: int) -> tuple[HistoryItem, ...]:
    """The history turn by turn: the user's message, tool calls, the reply.

    Of a reply in a live call only what the caller heard, which is nothing as long as it is not known.
    """
    found: list[tuple[int, int, HistoryItem]] = []
    for message in messages:
        if message["role"] == Role.USER:
            found.append((message["number"], 0, UserMessage(message["text"] or "")))
            continue
        limited = message["live"] or message["heard"] is not None
        reply = (message["heard"] if limited else message["text"]) or ""
        if reply or not limited:
            found.append((message["number"], 2, AssistantMessage(reply)))
    found.extend((call["number"], 1, _used(call)) for call in calls if call["status"] != ToolCallStatus.PENDING)
    earlier = [each for each in found if each[0] < before]
    return tuple(item for _, _, item in sorted(earlier, key=lambda each: each[:2]))


def _used(call: Found) -> CompletedToolCall:
    result = call["result"] or {"ok": False, "errors": [{"loc": "", "msg": call["error"]}]}
    return CompletedToolCall(call["id"], call["name"], call["arguments"], result)
