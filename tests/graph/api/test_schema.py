"""The schema: graph/schema.graphql is current, all is described, and names match the contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    is_required_argument,
    is_required_input_field,
)

import graph
from graph.api.schema import printed_schema

#: The contract: each field with its type. ``!`` may be added to what is answered, and never to what is asked for.
CONTRACT = """
scalar DateTime scalar JSON scalar Upload
type Query {
  viewer: Viewer!
  session(id: ID!): Session
  sessions(first: Int = 20, after: String, filter: SessionFilter): SessionConnection!
  conversation(sessionId: ID!): Conversation
  turn(id: ID!): Turn
  crmRecords(first: Int = 20, after: String, filter: CrmRecordFilter): CrmRecordConnection!
  capabilities: Capabilities!
}
type Mutation {
  createSession(input: CreateSessionInput!): CreateSessionPayload
  sendMessage(input: SendMessageInput!): SendMessagePayload
  endSession(input: EndSessionInput!): EndSessionPayload
  callTool(input: CallToolInput!): CallToolPayload
}
type Subscription {
  sessionEvents(sessionId: ID!, afterSeq: Int = 0): Event!
  turnEvents(turnId: ID!, afterSeq: Int = 0): Event!
}
input CreateSessionInput {
  customerId: String! language: String = "en" channel: Channel = WEB persona: String = "billing_agent" metadata: JSON
}
input SendMessageInput {
  sessionId: ID! content: MessageContentInput! idempotencyKey: String waitSeconds: Float = 0
}
input MessageContentInput { text: String audio: Base64AudioInput upload: Upload }
input Base64AudioInput { base64: String! mimeType: String! }
input EndSessionInput { sessionId: ID! }
input CallToolInput { sessionId: ID! name: String! arguments: JSON! idempotencyKey: String }
input SessionFilter { customerId: String } input CrmRecordFilter { customerId: String }
type Viewer { tenantId: ID! } type Capabilities { languages: [String!]! }
type CreateSessionPayload { session: Session! } type EndSessionPayload { session: Session! }
type SendMessagePayload { turn: Turn! } type CallToolPayload { toolCall: ToolCall! }
type SessionConnection { nodes: [Session!]! } type CrmRecordConnection { nodes: [CrmRecord!]! }
type Conversation {
  session: Session! lastSeq: Int! messages: [Message!]! turns: [Turn!]! modelCalls: [ModelCall!]!
  crmRecords: [CrmRecord!]! toolCalls: [ToolCall!]!
}
type Session {
  id: ID! customerId: String! language: String! channel: Channel! persona: String! status: SessionStatus!
  metadata: JSON createdAt: DateTime! endedAt: DateTime lastSeq: Int!
}
type Message {
  id: ID! role: Role! type: MessageType! text: String language: String audio: Audio turn: Turn!
  modelCalls: [ModelCall!]! toolCalls: [ToolCall!]! createdAt: DateTime!
}
type Audio { url: String! mimeType: String! durationMs: Int! sampleRate: Int! sizeBytes: Int! }
type Turn {
  id: ID! status: TurnStatus! attempt: Int! userMessage: Message! reply: Message error: TurnError queuedAt: DateTime!
  startedAt: DateTime finishedAt: DateTime timing: TurnTiming! modelCalls: [ModelCall!]! toolCalls: [ToolCall!]!
  crmRecords: [CrmRecord!]!
}
type TurnError { code: String! } type TurnTiming { totalMs: Float }
type ModelCall {
  id: ID! stage: Stage! engine: String! model: String! status: CallStatus! attempt: Int! startedAt: DateTime!
  durationMs: Float! firstOutputMs: Float inputTokens: Int outputTokens: Int inputAudioMs: Int outputAudioMs: Int
  realTimeFactor: Float error: String details: JSON
}
type ToolCall {
  id: ID! name: String! server: String! arguments: JSON! result: JSON status: ToolCallStatus! error: String
  durationMs: Float crmRecord: CrmRecord createdAt: DateTime!
}
type CrmRecord {
  id: ID! scenario: String! customerId: String! name: String phone: String accountId: String query: String!
  intent: String! priority: Priority! status: CrmStatus! createdAt: DateTime! toolCall: ToolCall session: Session!
}
enum Stage { ASR LLM TOOL TTS } enum TurnStatus { QUEUED RUNNING COMPLETED FAILED CANCELLED }
enum ToolCallStatus { PENDING ACCEPTED FAILED } enum CrmStatus { PENDING DONE FAILED }
enum CallStatus { OK FAILED CANCELLED } enum Role { USER ASSISTANT } enum MessageType { TEXT AUDIO }
enum Channel { WEB PHONE CHAT API } enum Priority { LOW NORMAL HIGH URGENT } enum SessionStatus { OPEN ENDED }
interface Event { seq: Int! sessionId: ID! turnId: ID at: DateTime! }
type TurnQueued { seq: Int! } type TurnStarted { seq: Int! } type SessionEnded { seq: Int! }
type StageStarted { stage: Stage! engine: String! model: String! }
type TranscriptPartial { text: String! } type TranscriptReady { message: Message! }
type ReplyDelta { text: String! } type ReplyReady { message: Message! }
type ToolCallStarted { toolCall: ToolCall! } type ToolCallFinished { toolCall: ToolCall! }
type AudioChunkReady { index: Int! text: String! url: String! durationMs: Int! } type AudioReady { message: Message! }
type StageCompleted { stage: Stage! modelCall: ModelCall }
type StageFailed { stage: Stage! code: String! message: String! willRetry: Boolean! }
type TurnCompleted { turn: Turn! } type TurnFailed { turn: Turn! } type TurnCancelled { turn: Turn! }
"""

PROMISED = build_schema(CONTRACT)
REAL = build_schema(printed_schema())
NAMED = {name: kind for name, kind in REAL.type_map.items() if not name.startswith("__")}
SPECIFIED = {"Int", "Float", "String", "Boolean", "ID"}
#: Which exist in the contract by name only.
CONTAINERS = (GraphQLObjectType, GraphQLInterfaceType)


def test_the_file_is_what_the_code_says() -> None:
    file = Path(graph.__path__[0]) / "schema.graphql"
    assert file.read_text() == printed_schema(), "run: voxloom schema graph/schema.graphql"


def test_everything_is_described() -> None:
    bare = [name for name, kind in NAMED.items() if name not in SPECIFIED and not kind.description]
    for name, kind in NAMED.items():
        if isinstance(kind, (*CONTAINERS, GraphQLInputObjectType)):
            bare += [f"{name}.{each}" for each, field in kind.fields.items() if not field.description]
    assert bare == []


def test_every_event_is_an_event() -> None:
    event = REAL.type_map["Event"]
    assert isinstance(event, GraphQLInterfaceType)
    told = CONTRACT[CONTRACT.index("type TurnQueued") :]
    promised = set(re.findall(r"type (\w+)", told))
    assert promised <= {each.name for each in REAL.get_possible_types(event)}


def _answers(real: Any, promised: Any) -> bool:
    """Whether a client that was promised the one type can live with the other as an answer."""
    if isinstance(promised, GraphQLNonNull):
        return isinstance(real, GraphQLNonNull) and _answers(real.of_type, promised.of_type)
    if isinstance(real, GraphQLNonNull):
        return _answers(real.of_type, promised)
    if hasattr(promised, "of_type"):
        return hasattr(real, "of_type") and _answers(real.of_type, promised.of_type)
    return str(real) == str(promised)


def _required(given: Any) -> bool:
    return is_required_argument(given) if isinstance(given, GraphQLArgument) else is_required_input_field(given)


def _takes(real: Any, promised: Any) -> bool:
    """Whether a client that was promised it may leave out, and may give, what it was promised."""
    same = str(real.type).removesuffix("!") == str(promised.type).removesuffix("!")
    return same and (_required(promised) or not _required(real))


@pytest.mark.parametrize("name", [each for each in PROMISED.type_map if not each.startswith("__")])
def test_the_contract_is_kept(name: str) -> None:
    promised, real = PROMISED.type_map[name], REAL.type_map[name]
    if isinstance(promised, GraphQLEnumType):
        assert isinstance(real, GraphQLEnumType)
        assert set(promised.values) == set(real.values)
    elif isinstance(promised, GraphQLInputObjectType):
        assert isinstance(real, GraphQLInputObjectType)
        for each, field in promised.fields.items():
            assert _takes(real.fields[each], field), each
        assert {each for each, field in real.fields.items() if _required(field)} <= set(promised.fields)
    elif isinstance(promised, CONTAINERS):
        assert isinstance(real, CONTAINERS)
        for each, field in promised.fields.items():
            assert _answers(real.fields[each].type, field.type), each
            for argument, value in field.args.items():
                assert _takes(real.fields[each].args[argument], value), argument


def test_a_message_has_exactly_one_content() -> None:
    content = REAL.type_map["MessageContentInput"]
    assert isinstance(content, GraphQLInputObjectType)
    assert content.is_one_of
