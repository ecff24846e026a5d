"""GraphQL types of evals: written conversations, and the judgement of a session that played one."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graph.api.descriptions import described


@strawberry.type(description="A customer's line of a written conversation: exactly one of say, speak and audio.")
class EvalLine:
    say: Annotated[str | None, described("To be sent as text.")]
    speak: Annotated[str | None, described("To be synthesized and sent as a recording.")]
    audio: Annotated[str | None, described("The file of a recording beside the eval file.")]


@strawberry.type(description="A written conversation of an eval file, with what must come of it.")
class EvalConversation:
    name: Annotated[str, described("Its name.")]
    kind: Annotated[str, described('A heading for several conversations, or "".')]
    agent: Annotated[str, described("The agent that it is held with.")]
    language: Annotated[str, described('The language for createSession, or "auto".')]
    known: Annotated[JSON, described("What is known of the customer: metadata for createSession, a JSON object.")]
    lines: Annotated[list[EvalLine], described("What the customer says, in order.")]
    source: Annotated[str, described("The conversation with its expectations, for judgeSession.")]


@strawberry.type(description="An expectation that was not met.")
class EvalMiss:
    line: Annotated[int, described("The number of the customer's line, from 1; 0: it is about the whole conversation.")]
    about: Annotated[str, described('What it is about, such as "filed against the word", "wrong field" or "reply".')]
    message: Annotated[str, described("What was expected and what came, in words.")]


@strawberry.type(description="A line whose intent is labelled.")
class EvalIntent:
    allowed: Annotated[list[str], described("The intents that are right.")]
    understood: Annotated[str | None, described("The intent that the engine understood; null if it told none.")]


@strawberry.type(description="What came of a turn, as evals compare it.")
class PlayedTurn:
    heard: Annotated[str, described("The customer's words as understood.")]
    reply: Annotated[str, described('The reply; "" without one.')]
    reply_language: Annotated[str | None, described("The reply's language.")]
    filed: Annotated[list[str], described("The scenarios of which the turn filed a record.")]
    tools: Annotated[list[str], described("The tools that the turn called, in order.")]
    failed_tools: Annotated[list[str], described("Names and errors of the tool calls that failed or were refused.")]
    intent: Annotated[str | None, described("The intent that the engine understood; null if it told none.")]
    entities: Annotated[JSON, described("What the engine noted, by field: a JSON object of strings.")]
    first_audio_ms: Annotated[float | None, described("TurnTiming.firstAudioMs.")]
    total_ms: Annotated[float | None, described("TurnTiming.totalMs.")]
    error: Annotated[str | None, described("Code and message, if the turn failed or did not end.")]


@strawberry.type(description="A CRM record, as evals compare it.")
class PlayedRecord:
    scenario: Annotated[str, described("Its scenario.")]
    intent: Annotated[str, described("Its intent.")]
    reference: Annotated[str, described("Its reference.")]
    fields: Annotated[JSON, described("Its standard and own fields, a JSON object.")]


@strawberry.type(description="What came of a session, as evals compare it.")
class PlayedSession:
    turns: Annotated[list[PlayedTurn], described("Its first turns, at most 200.")]
    records: Annotated[list[PlayedRecord], described("Its CRM records, oldest first, at most 1,000.")]


@strawberry.type(description="A session compared with what a written conversation expects of it.")
class EvalVerdict:
    right: Annotated[bool, described("Whether nothing was missed.")]
    misses: Annotated[list[EvalMiss], described("The expectations that were not met.")]
    unjudged: Annotated[
        list[EvalMiss],
        described("Requirements in words (expect.reply.judge), which `voxloom eval --judge` alone has judged."),
    ]
    intents: Annotated[list[EvalIntent], described("The lines with a labelled intent. None of them is a miss.")]
    true_entities: Annotated[int, described("How many labelled entities were found.")]
    wrong_entities: Annotated[int, described("How many entities were found that are wrong.")]
    missed_entities: Annotated[int, described("How many labelled entities were not found.")]
    played: Annotated[PlayedSession, described("What was compared.")]
