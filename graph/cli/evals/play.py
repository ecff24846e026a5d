"""Plays eval conversations through the public API of a running server."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from db.json_value import Json
from graph.cli.api_client import ApiClient, ServerObject
from graph.cli.evals.conversation import Conversation, Line
from graph.cli.evals.played import PlayedConversation, PlayedRecord, PlayedTurn
from graph.cli.evals.sounds import Sounds

_WAIT_SECONDS = 50

_CREATE = "mutation($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }"
_SEND = """mutation($input: SendMessageInput!) { sendMessage(input: $input) { turn {
  status error { code message }
  timing { totalMs firstAudioMs }
  userMessage { text } reply { text language }
  modelCalls { stage details }
  toolCalls { name status error }
  crmRecords { reference scenario }
} } }"""
_RECORDS = """query($session: ID!) { conversation(sessionId: $session) { crmRecords {
  scenario intent reference name phone accountId query priority details
} } }"""
_END = "mutation($session: ID!) { endSession(input: {sessionId: $session}) { session { status } } }"


@dataclass(frozen=True, slots=True)
class Variant:
    """Which version of the agent and which engines answer; None: the published version, the process's engines."""

    version: int | None = None
    engines: Mapping[str, list[str]] | None = None

    @property
    def title(self) -> str:
        parts = ["published" if self.version is None else f"version {self.version}"]
        parts += [f"{stage}={','.join(names)}" for stage, names in (self.engines or {}).items()]
        return " ".join(parts)


async def play(
    api: ApiClient, conversation: Conversation, variant: Variant, sounds: Sounds, *, folder: Path
) -> PlayedConversation:
    """Plays one conversation to its end. ``folder``: of its recordings. Raises VoxLoomError."""
    given: ServerObject = {
        "customerId": f"eval-{uuid.uuid4().hex}",
        "language": conversation.language,
        "persona": conversation.agent,
        "channel": "API",
    }
    if conversation.known:
        given["metadata"] = conversation.known
    if variant.version is not None:
        given["agentVersion"] = variant.version
    if variant.engines:
        given["engines"] = dict(variant.engines)
    session = (await api.call(_CREATE, input=given))["createSession"]["session"]["id"]
    turns = []
    for line in conversation.turns:
        content = await _content(line, conversation.language, sounds, folder)
        sent = {"sessionId": session, "content": content, "waitSeconds": _WAIT_SECONDS}
        turns.append(_turn(line, (await api.call(_SEND, input=sent))["sendMessage"]["turn"]))
    found = (await api.call(_RECORDS, session=session))["conversation"]["crmRecords"]
    await api.call(_END, session=session)
    return PlayedConversation(session, turns, [_record(each) for each in found])


async def _content(line: Line, language: str, sounds: Sounds, folder: Path) -> ServerObject:
    if line.say is not None:
        return {"text": line.say}
    sound = await sounds.of(line, language, folder)
    return {"audio": {"base64": base64.b64encode(sound).decode(), "mimeType": "audio/wav"}}


def _turn(line: Line, turn: ServerObject) -> PlayedTurn:
    reply = turn["reply"] or {}
    timing = turn["timing"] or {}
    details = _understood(turn["modelCalls"])
    failed = turn["error"]
    if failed is None and turn["status"] != "COMPLETED":
        failed = {"code": turn["status"], "message": f"the turn did not end within {_WAIT_SECONDS} s"}
    entities = details.get("entities")
    return PlayedTurn(
        said=line.words,
        heard=turn["userMessage"]["text"] or "",
        reply=reply.get("text") or "",
        reply_language=reply.get("language"),
        filed=[record["scenario"] for record in turn["crmRecords"]],
        tools=[call["name"] for call in turn["toolCalls"]],
        failed_tools=[f"{call['name']}: {call['error']}" for call in turn["toolCalls"] if call["error"]],
        intent=details.get("intent"),
        entities={name: str(value) for name, value in entities.items()} if isinstance(entities, Mapping) else {},
        first_audio_ms=timing.get("firstAudioMs"),
        total_ms=timing.get("totalMs"),
        error=None if failed is None else f"{failed['code']}: {failed['message']}",
    )


def _understood(calls: list[ServerObject]) -> Mapping[str, Json]:
    """The details of the turn's first language model call."""
    return next((call["details"] for call in calls if call["stage"] == "LLM" and call["details"]), {})


def _record(record: ServerObject) -> PlayedRecord:
    own = dict(record["details"] or {})
    standard = {
        "account_id": record["accountId"],
        **{key: record[key] for key in ("name", "phone", "query", "priority")},
    }
    fields = {**own, **standard, "account_id": record["accountId"]}
    return PlayedRecord(record["scenario"], record["intent"], record["reference"], fields)
