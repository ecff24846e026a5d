"""``voxloom demo --live``: a spoken call with an interruption, its record, and whether the record is right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.table import Table
from websockets.exceptions import WebSocketException

from graph.cli.api_client import ApiClient, ServerObject, ServerUnusable
from graph.cli.call.call_log import CallLog
from graph.cli.call.client import connected
from graph.cli.call.conversation import Conversation
from graph.cli.call.display import CallDisplay
from graph.cli.call.playout import BYTES_PER_SECOND, Playout
from graph.cli.call.recorded_caller import Line, RecordedCaller
from graph.cli.call.run import CallPlan
from graph.cli.call.sound_files import read_sound, sound_writer
from graph.cli.demo import shipped_recording

#: Where the shipped recording is cut, in seconds: "One more thing. My internet has been down since this morning." and
#: "My number is five five five, zero one four, two two three three."
_FAULT = (0.75, 4.2)
_NUMBER = (4.2, 8.3)

_DIGITS = "5550142233"

#: Milliseconds of the assistant's reply that are heard before the caller speaks over it.
_INTERRUPT_MS = 900

_QUIET_SECONDS = 2.0

_EXPECTED = ("CallStarted", "SpeechStarted", "ReplyInterrupted", "CallEnded")

#: The record is read when the call's last event is there.
_ENDED_SECONDS = 10

_CONVERSATION = """query($session: ID!) { conversation(sessionId: $session) {
  lastSeq
  session { id customerId language persona }
  calls { status transport openedAt endedAt endReason drops elapsedMs }
  turns(first: 20) { number status
    live { speechStartedMs speechEndedMs endDecidedMs firstAudioSentMs turnScore speculative }
    userMessage { text audio { durationMs } }
    reply { text playback { heardText heardMs totalMs interrupted source } }
    modelCalls { stage engine model durationMs }
    crmRecords { reference scenario phone query } }
} }"""
_EVENTS = "subscription($session: ID!) { sessionEvents(sessionId: $session) { __typename seq } }"


async def hold_call(plan: CallPlan, api_base: str, console: Console, out: Path | None = None) -> bool:
    """Holds the call, shows it, and checks its record. Returns whether all was as it must be."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "demo.wav"
        file.write_bytes(shipped_recording())
        audio = read_sound(file)
    played = bytearray()
    log = await _talk(plan, audio, played, console)
    if out is not None:
        await asyncio.to_thread(_save, out, bytes(played))
    if log.session_id is None:
        raise ServerUnusable("The server has opened no session.")
    found, kinds = await _read(ApiClient(api_base, plan.key), log.session_id)
    _show(found, kinds, console)
    faults = [*faults_of(found, log), *(f"there is no event {each}" for each in _EXPECTED if each not in kinds)]
    for fault in faults:
        console.print(f"[red]Not as it must be:[/] {fault}")
    if not faults:
        console.print("[bold green]The call was heard, answered, interrupted and recorded.[/]")
    return not faults


async def _talk(plan: CallPlan, audio: bytes, played: bytearray, console: Console) -> CallLog:
    playout = Playout()
    async with connected(plan.base, plan.key, plan.agent) as client:
        with CallDisplay(console) as display:
            conversation = Conversation(client, playout, display.show)
            await client.begin(customer_id=plan.customer_id, language=plan.language)
            caller = RecordedCaller(conversation, playout, played.extend)
            log = conversation.log

            def speaks_over_reply() -> bool:
                return any(turn.final for turn in log.turns.values()) and playout.position_ms >= _INTERRUPT_MS

            lines = [Line(_cut(audio, _FAULT), caller.greeted), Line(_cut(audio, _NUMBER), speaks_over_reply)]
            await conversation.run(caller.pieces(lines, lambda: caller.answered(_QUIET_SECONDS)))
        display.summarize(log)
    return log


def _cut(audio: bytes, between: tuple[float, float]) -> bytes:
    start, end = (round(seconds * BYTES_PER_SECOND) // 2 * 2 for seconds in between)
    return audio[start:end]


async def _read(api: ApiClient, session_id: str) -> tuple[ServerObject, list[str]]:
    """The conversation, once its call has ended, and the kinds of its events."""
    try:
        async with asyncio.timeout(_ENDED_SECONDS):
            kinds = []
            async with aclosing(api.events(_EVENTS, {"session": session_id}, "sessionEvents")) as events:
                async for event in events:
                    kinds.append(event["__typename"])
                    if event["__typename"] == "CallEnded":
                        break
            return (await api.call(_CONVERSATION, session=session_id))["conversation"], kinds
    except TimeoutError:
        raise ServerUnusable("The record does not say that the call has ended.") from None
    except (httpx.HTTPError, WebSocketException, OSError):
        raise ServerUnusable("The API does not answer: is it still running?") from None
    finally:
        await api.close()


def faults_of(found: ServerObject, log: CallLog) -> Iterator[str]:
    """What is not as it must be in the conversation's record, and in what the caller saw."""
    if log.failures:
        yield f"the server reported {log.failures[0]}"
    turns = found["turns"]
    if len(turns) != 2:
        yield f"the call has {len(turns)} turns, not 2"
        return
    first, second = turns
    if "internet" not in (first["userMessage"]["text"] or "").lower():
        yield "the first turn was not understood"
    digits = "".join(each for each in second["userMessage"]["text"] or "" if each.isdigit())
    if digits != _DIGITS:
        yield f"the number was heard as {digits or 'nothing'}"
    heard = (first["reply"] or {}).get("playback")
    if heard is None or not heard["interrupted"]:
        yield "the record does not say that the first reply was interrupted"
    elif not first["reply"]["text"].startswith(heard["heardText"]) or heard["heardMs"] > heard["totalMs"]:
        yield "the record says that more was heard than was said"
    if second["status"] != "COMPLETED" or not (second["reply"] or {}).get("text"):
        yield f"the second turn is {second['status']}"
    if [each["status"] for each in found["calls"]] != ["ENDED"]:
        yield "the call has not ended"


def _show(found: ServerObject, kinds: Sequence[str], console: Console) -> None:
    console.rule(f"session {found['session']['id']}")
    for call in found["calls"]:
        console.print(
            f"Call over {call['transport']}, {call['elapsedMs'] / 1000:.1f} s of audio, "
            f"ended by {call['endReason']}, {call['drops']} lost connections",
            highlight=False,
        )
    table = Table("turn", "status", "caller said", "reply", "heard of it", title="The conversation's record")
    for turn in found["turns"]:
        reply = turn["reply"] or {}
        heard = reply.get("playback")
        told = "" if heard is None else f"{heard['heardText']} ({heard['heardMs']} of {heard['totalMs']} ms)"
        table.add_row(str(turn["number"]), turn["status"], turn["userMessage"]["text"], reply.get("text"), told)
    console.print(table)
    for turn in found["turns"]:
        live = turn["live"] or {}
        times = f"end decided after {_ms(live.get('endDecidedMs'))}, first sound sent after "
        early = "used" if live.get("speculative") else "not used"
        times += f"{_ms(live.get('firstAudioSentMs'))}; work begun in the pause: {early}"
        console.print(f"Turn {turn['number']}: {times}", highlight=False)
        for each in turn["modelCalls"]:
            told = f"{each['stage']} {each['engine']} {each['model']}: {each['durationMs']:.0f} ms"
            console.print(f"  {told}", highlight=False)
        for record in turn["crmRecords"]:
            told = f"{record['reference']}: {record['scenario']}, phone {record['phone']}"
            console.print(f"  CRM record {told}", highlight=False)
    console.print(f"{len(kinds)} events: {', '.join(kinds)}", style="dim")


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f} ms"


def _save(file: Path, audio: bytes) -> None:
    with sound_writer(file) as writing:
        writing.writeframes(audio)
