"""``voxloom call``: a call from the terminal, by microphone and loudspeaker or from a recording to a recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from graph.cli.call.call_log import CallLog
from graph.cli.call.client import connected
from graph.cli.call.conversation import Conversation
from graph.cli.call.devices import opened_devices
from graph.cli.call.display import CallDisplay
from graph.cli.call.playout import Playout
from graph.cli.call.recorded_caller import Line, RecordedCaller
from graph.cli.call.sound_files import read_sound, sound_writer

#: After a recording: the silence that shows that no reply comes any more.
_QUIET_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class CallPlan:
    """``base``: the voice role's URL. ``agent``: who answers."""

    base: str
    key: str
    agent: str
    customer_id: str
    language: str


async def talk(plan: CallPlan, console: Console) -> CallLog:
    """By microphone and loudspeaker, until Ctrl-C or the end of the call."""
    playout = Playout()
    async with opened_devices(playout) as heard, connected(plan.base, plan.key, plan.agent) as client:
        with CallDisplay(console) as display:
            conversation = Conversation(client, playout, display.show)
            await client.begin(customer_id=plan.customer_id, language=plan.language)
            console.print("Speak; Ctrl-C hangs up. Use headphones: a terminal has no echo canceller.", style="dim")
            with suppress(asyncio.CancelledError):  # Ctrl-C
                await conversation.run(_from(heard))
        display.summarize(conversation.log)
    return conversation.log


async def play(plan: CallPlan, recording: Path, out: Path, console: Console) -> CallLog:
    """Speaks a recording after the greeting; writes what came back, at its time, until the assistant has answered."""
    audio = await asyncio.to_thread(read_sound, recording)
    playout = Playout()
    with sound_writer(out) as writing:
        async with connected(plan.base, plan.key, plan.agent) as client:
            with CallDisplay(console) as display:
                conversation = Conversation(client, playout, display.show)
                await client.begin(customer_id=plan.customer_id, language=plan.language)
                caller = RecordedCaller(conversation, playout, writing.writeframes)
                lines = [Line(audio, caller.greeted)]
                await conversation.run(caller.pieces(lines, lambda: caller.answered(_QUIET_SECONDS)))
            display.summarize(conversation.log)
    return conversation.log


async def _from(heard: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await heard.get()
