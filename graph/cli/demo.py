"""`voxloom demo`: a conversation in the terminal, through the public API."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import httpx
from rich.console import Console
from rich.table import Table
from websockets.exceptions import WebSocketException

from db.defaults import DEFAULT_AGENT
from graph.cli.api_client import ApiClient, ServerObject, ServerUnusable
from graph.cli.loaded import wait_until_loaded

out = Console()

_TEXT = "Hello, my name is Maria Lopez and my account is AC-20417. I was charged twice for my bill this month."

_CREATE = """mutation($customer: String!, $agent: String!, $language: String!, $known: JSON) {
  createSession(input: {customerId: $customer, persona: $agent, language: $language, metadata: $known, channel: API}) {
    session { id }
  }
}"""
_SEND_TEXT = """mutation($session: ID!, $text: String!, $key: String!) {
  sendMessage(input: {sessionId: $session, content: {text: $text}, idempotencyKey: $key}) { turn { id } }
}"""
_SEND_AUDIO = """mutation($session: ID!, $base64: String!, $key: String!) {
  sendMessage(input: {sessionId: $session, idempotencyKey: $key,
    content: {audio: {base64: $base64, mimeType: "audio/wav"}}}) { turn { id } }
}"""
_END = "mutation($session: ID!) { endSession(input: {sessionId: $session}) { session { status } } }"
_FOLLOW = """subscription($turn: ID!) { turnEvents(turnId: $turn) {
  __typename seq at
  ... on StageStarted { stage engine model }
  ... on StageCompleted { stage modelCall { durationMs realTimeFactor } }
  ... on StageFailed { stage code why: message }
  ... on StageSkipped { stage reason }
  ... on TranscriptPartial { text }
  ... on TranscriptReady { message { text } }
  ... on ReplyDelta { text }
  ... on ReplyReady { message { text } }
  ... on ToolCallStarted { toolCall { name } }
  ... on ToolCallFinished { toolCall { name status error durationMs } }
  ... on AudioChunkReady { index text durationMs }
  ... on AudioReady { message { audio { url durationMs sizeBytes } } }
  ... on TurnFailed { turn { error { code message } } }
} }"""
_RESULT = """query($turn: ID!) { turn(id: $turn) {
  status error { code message }
  timing { totalMs queueMs unattributedMs firstTextMs firstAudioMs stages { stage startMs durationMs waitMs } }
  reply { text audio { url } }
  crmRecords { reference scenario customerId name phone accountId query intent priority status }
} }"""


def shipped_recording() -> bytes:
    """A customer's question as WAV, synthesised (see graph/static/README.md)."""
    return files("graph").joinpath("static/demo.wav").read_bytes()


@dataclass(frozen=True, slots=True)
class DemoLine:
    """What a customer says: ``text``, and a recording of it (WAV) if it is spoken."""

    text: str
    recording: bytes | None = None


@dataclass(frozen=True, slots=True)
class DemoConversation:
    """A customer's lines to an agent. ``language``: as for createSession. ``known``: the session's metadata."""

    agent: str
    language: str
    lines: Sequence[DemoLine]
    known: Mapping[str, str] = field(default_factory=dict)


def shipped_conversation(recording: bytes) -> DemoConversation:
    """A text, then a recording."""
    spoken = DemoLine(f"a recording of {len(recording)} bytes", recording)
    return DemoConversation(DEFAULT_AGENT, "en", (DemoLine(_TEXT), spoken))


async def hold_conversation(base: str, key: str, conversation: DemoConversation) -> tuple[bool, bytes | None]:
    """Runs the demo. Returns whether all turns completed, and the last spoken reply (WAV)."""
    api = ApiClient(base, key)
    try:
        if not await wait_until_loaded(api, out):
            raise ServerUnusable("No worker is running: start one with `voxloom worker`, or all with `voxloom up`.")
        return await _hold(api, conversation)
    except httpx.ConnectError:
        raise ServerUnusable(f"Nothing answers at {base}: start it with `voxloom up` (or `make run`).") from None
    except (httpx.HTTPError, httpx.InvalidURL, WebSocketException, OSError) as error:
        failure = f"{base} closed the connection ({type(error).__name__})"
        raise ServerUnusable(f"{failure}: is it still running?") from None
    finally:
        await api.close()


async def _hold(api: ApiClient, conversation: DemoConversation) -> tuple[bool, bytes | None]:
    created = await api.call(
        _CREATE,
        customer=f"demo-{uuid.uuid4().hex[:6]}",
        agent=conversation.agent,
        language=conversation.language,
        known=dict(conversation.known) or None,
    )
    session = created["createSession"]["session"]["id"]
    out.rule(f"{conversation.agent}, session {session}")
    all_done, spoken = True, None
    for number, line in enumerate(conversation.lines, 1):
        said = {"session": session, "key": f"demo-{number}"}
        out.print(f"\n[bold]Customer {'writes' if line.recording is None else 'speaks'}:[/] {line.text}")
        if line.recording is None:
            sent = await api.call(_SEND_TEXT, **said, text=line.text)
        else:
            sent = await api.call(_SEND_AUDIO, **said, base64=base64.b64encode(line.recording).decode())
        done, reply = await _follow(api, sent["sendMessage"]["turn"]["id"])
        all_done, spoken = all_done and done, reply or spoken
    await api.call(_END, session=session)
    return all_done, spoken


async def _follow(api: ApiClient, turn: str) -> tuple[bool, bytes | None]:
    async for event in api.events(_FOLLOW, {"turn": turn}, "turnEvents"):
        _show(event)
    result = (await api.call(_RESULT, turn=turn))["turn"]
    _show_timing(result["timing"])
    for record in result["crmRecords"]:
        _show_record(record)
    reply = result["reply"] or {}
    out.print(f"[bold]Assistant:[/] {reply.get('text')}")
    spoken = await api.fetch(reply["audio"]["url"]) if reply.get("audio") else None
    return result["status"] == "COMPLETED", spoken


def _show(event: ServerObject) -> None:
    known = {key: value for key, value in event.items() if key not in ("__typename", "seq", "at") and value is not None}
    shown = json.dumps(known, ensure_ascii=False) if known else ""
    out.print(f"[dim]{event['seq']:>4}[/] [cyan]{event['__typename']:<18}[/] {shown}", highlight=False, soft_wrap=True)


def _show_timing(timing: ServerObject) -> None:
    table = Table("", "starts at", "works", "waits", title="Where the time went (ms)")
    table.add_row("queue", "0", f"{timing['queueMs']:.0f}", "")
    for each in timing["stages"]:
        table.add_row(each["stage"], f"{each['startMs']:.0f}", f"{each['durationMs']:.0f}", f"{each['waitMs']:.0f}")
    table.add_row("nobody's", "", f"{timing['unattributedMs']:.0f}", "")
    table.add_row("total", "", f"{timing['totalMs']:.0f}", "")
    out.print(table)
    for name, label in (("firstTextMs", "first text of the reply"), ("firstAudioMs", "first audio")):
        if timing[name] is not None:
            out.print(f"  {label} after {timing[name]:.0f} ms", highlight=False)


def _show_record(record: ServerObject) -> None:
    table = Table("CRM record", "")
    for key, value in record.items():
        table.add_row(key, "" if value is None else str(value))
    out.print(table)
