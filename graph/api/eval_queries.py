"""GraphQL queries of evals: what an eval file says, and whether a session came out as one of its conversations says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from db.errors import InvalidEvals, NotFound, Problem
from db.ids import parse_id
from db.models.conversation import Session as SessionRow
from db.viewer import Viewer
from graph.api.context import Info
from graph.api.eval_reading import read_played
from graph.api.types.evals import (
    EvalConversation,
    EvalIntent,
    EvalLine,
    EvalMiss,
    EvalVerdict,
    PlayedRecord,
    PlayedSession,
    PlayedTurn,
)
from graph.evals.check import Miss, Verdict, check
from graph.evals.conversation import Conversation
from graph.evals.parse import parse_conversation, parse_evals
from graph.evals.played import PlayedConversation

#: Most lines of a file, all conversations together.
_MAX_LINES = 2_000


@strawberry.type
class EvalQueries:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(
        description="Reads an eval file: the conversations in it, to be played by createSession and sendMessage and"
        " judged by judgeSession. One that is not valid is refused with its problems by line and column"
        " (INVALID_EVALS, extensions.problems)."
    )
    async def eval_conversations(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="The file in YAML, at most 1 MB.")],
    ) -> list[EvalConversation]:
        viewer = await info.context.viewer()
        found = await info.context.parts.texts.run(viewer.tenant_id, parse_evals, text)
        if sum(len(each.turns) for each in found) > _MAX_LINES:
            raise InvalidEvals([Problem(f"The file has more than {_MAX_LINES} lines of customers: divide it.")])
        return [_shown(each) for each in found]

    @strawberry.field(
        description="Compares a session with what a written conversation expects: its turns, in order, with the lines,"
        " and its CRM records. What is expected of lines that were spoken holds for text too."
    )
    async def judge_session(
        self,
        info: Info,
        session_id: strawberry.ID,
        conversation: Annotated[
            str,
            strawberry.argument(
                description="EvalConversation.source, or a conversation of an eval file in YAML or JSON."
            ),
        ],
    ) -> EvalVerdict:
        viewer = await info.context.viewer()
        texts = info.context.parts.texts
        expected = await texts.run(viewer.tenant_id, parse_conversation, conversation)
        played = await _read(info, viewer, session_id)
        verdict = await texts.run(viewer.tenant_id, check, expected, played)
        return _judged(played, verdict)

    @strawberry.field(
        description="What came of a session, for clients that judge by themselves, as `voxloom eval` does."
    )
    async def played_session(self, info: Info, session_id: strawberry.ID) -> PlayedSession:
        return _played(await _read(info, await info.context.viewer(), session_id))


async def _read(info: Info, viewer: Viewer, session_id: str) -> PlayedConversation:
    async with info.context.parts.database.reading() as session:
        own = select(SessionRow.id).where(
            SessionRow.id == parse_id(session_id, "session"), SessionRow.tenant_id == viewer.tenant_id
        )
        found = await session.scalar(own)
        if found is None:
            raise NotFound("No such session.")
        return await read_played(session, found)


def _shown(conversation: Conversation) -> EvalConversation:
    return EvalConversation(
        name=conversation.name,
        kind=conversation.kind,
        agent=conversation.agent,
        language=conversation.language,
        known=JSON(conversation.known),
        lines=[EvalLine(say=each.say, speak=each.speak, audio=each.audio) for each in conversation.turns],
        source=conversation.to_json(),
    )


def _judged(played: PlayedConversation, verdict: Verdict) -> EvalVerdict:
    return EvalVerdict(
        right=not verdict.misses,
        misses=_misses(verdict.misses),
        unjudged=_misses(verdict.unjudged),
        intents=[EvalIntent(allowed=allowed, understood=understood) for allowed, understood in verdict.intents],
        true_entities=verdict.true_entities,
        wrong_entities=verdict.wrong_entities,
        missed_entities=verdict.missed_entities,
        played=_played(played),
    )


def _misses(misses: Sequence[Miss]) -> list[EvalMiss]:
    return [EvalMiss(line=each.line, about=each.about, message=each.message) for each in misses]


def _played(played: PlayedConversation) -> PlayedSession:
    return PlayedSession(
        turns=[
            PlayedTurn(
                heard=each.heard,
                reply=each.reply,
                reply_language=each.reply_language,
                filed=each.filed,
                tools=each.tools,
                failed_tools=each.failed_tools,
                intent=each.intent,
                entities=JSON(dict(each.entities)),
                first_audio_ms=each.first_audio_ms,
                total_ms=each.total_ms,
                error=each.error,
            )
            for each in played.turns
        ],
        records=[
            PlayedRecord(
                scenario=each.scenario, intent=each.intent, reference=each.reference, fields=JSON(dict(each.fields))
            )
            for each in played.records
        ],
    )
