"""Plays eval conversations through the public API of a running server."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graph.cli.api_client import ApiClient, ServerObject
from graph.cli.evals.sounds import Sounds
from graph.evals.conversation import Conversation, Line
from graph.evals.played import PlayedConversation, PlayedRecord, PlayedTurn

_WAIT_SECONDS = 50

_CREATE = "mutation($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }"
_SEND = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { turn { status } } }"
_PLAYED = """query($session: ID!) { playedSession(sessionId: $session) {
  turns { heard reply replyLanguage filed tools failedTools intent entities firstAudioMs totalMs error }
  records { scenario intent reference fields }
} }"""
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
        "metadata": {**conversation.known, "eval": conversation.name},
    }
    if variant.version is not None:
        given["agentVersion"] = variant.version
    if variant.engines:
        given["engines"] = dict(variant.engines)
    session = (await api.call(_CREATE, input=given))["createSession"]["session"]["id"]
    for line in conversation.turns:
        content = await _content(line, conversation.language, sounds, folder)
        await api.call(_SEND, input={"sessionId": session, "content": content, "waitSeconds": _WAIT_SECONDS})
    found = (await api.call(_PLAYED, session=session))["playedSession"]
    await api.call(_END, session=session)
    turns = [_turn(line, each) for line, each in zip(conversation.turns, found["turns"], strict=False)]
    return PlayedConversation(session, turns, [PlayedRecord(**each) for each in found["records"]])


async def _content(line: Line, language: str, sounds: Sounds, folder: Path) -> ServerObject:
    if line.say is not None:
        return {"text": line.say}
    sound = await sounds.of(line, language, folder)
    return {"audio": {"base64": base64.b64encode(sound).decode(), "mimeType": "audio/wav"}}


def _turn(line: Line, turn: ServerObject) -> PlayedTurn:
    return PlayedTurn(**{_snake_case(name): value for name, value in turn.items()}, said=line.words)


def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
