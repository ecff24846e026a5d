"""The benchmarks' queries: the same columns of the same rows, in each server's schema.

PostGraphile gets the lists of a conversation as it offers them by its own defaults: by a condition on the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import orjson

_SESSION = "customerId language channel persona status metadata createdAt"
_MESSAGE = "role type text language complete createdAt audio { mimeType durationMs sampleRate sizeBytes }"
_MODEL_CALL = """stage engine model status attempt startedAt waitMs durationMs firstOutputMs
  inputTokens outputTokens inputAudioMs outputAudioMs"""
_TOOL_CALL = "name server arguments result status durationMs createdAt"
_RECORD = """scenario reference customerId name phone accountId query intent priority status details createdAt"""
_TURN = "number status attempt queuedAt finishedAt"

#: The whole conversation, as a screen shows it.
COMMON: Mapping[str, str] = {
    "voxloom": f"""query Conversation($id: ID!) {{ conversation(sessionId: $id) {{ lastSeq session {{ id {_SESSION} }}
      messages {{ id {_MESSAGE} modelCalls {{ id {_MODEL_CALL} }} toolCalls {{ id {_TOOL_CALL} }} }}
      crmRecords {{ id {_RECORD} }} }} }}""",
    "postgraphile": f"""query Conversation($id: UUID!) {{ sessionByRowId(rowId: $id) {{ lastSeq rowId {_SESSION} }}
      messages: allMessages(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ rowId {
        _MESSAGE.replace("audio {", "audio: audioByTurnIdAndAudioId {")
    } }} }}
      modelCalls: allModelCalls(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ rowId {
        _MODEL_CALL
    } }} }}
      toolCalls: allToolCalls(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ rowId {_TOOL_CALL} }} }}
      crmRecords: allCrmRecords(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ rowId {
        _RECORD
    } }} }} }}""",
}

#: Another look at it: turn by turn.
OTHER: Mapping[str, str] = {
    "voxloom": f"""query Turns($id: ID!) {{ conversation(sessionId: $id) {{ lastSeq turns {{ id {_TURN}
      userMessage {{ text }} reply {{ text type }} modelCalls {{ {_MODEL_CALL} }}
      toolCalls {{ name status result }} }} }} }}""",
    "postgraphile": f"""query Turns($id: UUID!) {{ sessionByRowId(rowId: $id) {{ lastSeq
      turns: turnsBySessionId(orderBy: [ROW_ID_ASC]) {{ nodes {{ rowId {_TURN} }} }} }}
      asked: allMessages(condition: {{sessionId: $id, role: "USER"}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ text }} }}
      replies: allMessages(condition: {{sessionId: $id, role: "ASSISTANT"}}, orderBy: [ROW_ID_ASC]) {{
        nodes {{ text type }} }}
      modelCalls: allModelCalls(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{ nodes {{ {_MODEL_CALL} }} }}
      toolCalls: allToolCalls(condition: {{sessionId: $id}}, orderBy: [ROW_ID_ASC]) {{
        nodes {{ name status result }} }} }}""",
}

SELECTIONS: Mapping[str, Mapping[str, str]] = {"common": COMMON, "other": OTHER}


def body(query: str, session: UUID) -> bytes:
    return orjson.dumps({"query": query, "variables": {"id": str(session)}})
