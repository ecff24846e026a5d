"""Latency and load of live calls over the Realtime protocol, and Pipecat beside it.

Callers speak in real time to a voice role of its own (``voxloom voice`` as a process, its engines, a Postgres of its
own): first with the scripted engine, 1 to 12 callers at the same time; then with the ``openai`` engine on a stub of a
chat server, in turn with Pipecat on the same weights, stub and clips.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import text

from tests.bench.cpu import tree_cpu_seconds
from tests.bench.live.caller import Frames, frames_of
from tests.bench.live.clips import INTERRUPTION, Clip, read_clips
from tests.bench.live.figures import Comparison, Level, Stored
from tests.bench.live.processes import Peer, chat_stub, clips_file, pipecat, voice_role
from tests.bench.live.report import publish_live
from tests.bench.live.turns import Plan, run_callers
from tests.bench.report import FIGURES, out
from tests.bench.rig import Rig, Server, rig

#: What callers say one after the other. Said over a reply, it is ``INTERRUPTION``.
_ORDER = ("charged", "LJ001-0005", "internet", "address", "LJ001-0007", "technician")

#: Of one caller, and beside Pipecat, also the clip with long pauses.
_ALONE = (*_ORDER, "jfk")

_STORED = text("""
select coalesce(array_agg((live->>'end_decided_ms')::float8)
                  filter (where live->>'end_decided_ms' is not null), '{}') as decided,
       coalesce(array_agg((live->>'first_audio_sent_ms')::float8)
                  filter (where live->>'first_audio_sent_ms' is not null), '{}') as sent,
       count(*) as turns, count(*) filter (where (live->>'speculative')::boolean) as speculative,
       coalesce(sum(turns.reopened), 0) as reopened, count(*) filter (where turns.status = 'FAILED') as failed
from turns join sessions on sessions.id = turns.session_id
where live is not null and starts_with(sessions.customer_id, :label)
""")


@dataclass(frozen=True, slots=True)
class Size:
    """``levels``: callers at the same time, and turns of each. ``rounds``: of the comparison with Pipecat."""

    levels: Sequence[tuple[int, int]]
    rounds: int
    compared: Sequence[str] = _ALONE


FULL = Size(levels=((1, 10), (2, 6), (4, 4), (8, 4), (12, 4)), rounds=2)
QUICK = Size(levels=((1, 4),), rounds=1, compared=("charged", "internet"))


@dataclass(frozen=True, slots=True)
class _Speech:
    """The clips, their file, and the messages that carry them."""

    path: Path
    clips: Mapping[str, Clip]
    frames: Mapping[str, Frames]

    def plan(self, server: Server, label: str, order: Sequence[str], turns: int) -> Plan:
        url = f"ws://127.0.0.1:{server.port}/v1/realtime?model=billing_agent"
        return Plan(url, server.key, label, self.clips, self.frames, order, turns)


async def measure_live(size: Size, peer_python: Path, *, keep: bool) -> None:
    path = await asyncio.to_thread(clips_file, FIGURES)
    clips = read_clips(path)
    speech = _Speech(path, clips, frames_of(clips))
    async with rig() as rigged:
        async with voice_role(rigged, "voice, scripted", {}) as server:
            await run_callers(speech.plan(server, "warm", ("charged",), 1))  # the first turn of a process is slow
            levels = [await _level(rigged, server, speech, *each) for each in size.levels]
        comparison = await _compare(rigged, size, speech, peer_python)
    publish_live(levels, comparison, keep=keep)


async def _level(rigged: Rig, server: Server, speech: _Speech, callers: int, turns: int) -> Level:
    out.print(f"{callers} callers, {turns} turns each ...")
    label = f"level-{callers}-"
    plan = speech.plan(server, label, _ALONE if callers == 1 else _ORDER, turns)
    voice, postgres = tree_cpu_seconds(server.pid), tree_cpu_seconds(rigged.postgres_pid)
    calls = await run_callers(replace(plan, callers=callers, over_reply=INTERRUPTION))
    voice, postgres = tree_cpu_seconds(server.pid) - voice, tree_cpu_seconds(rigged.postgres_pid) - postgres
    server.alive()
    seconds = calls.seconds or 1.0
    return Level(callers, calls, await _stored(rigged, label), voice / seconds, postgres / seconds)


async def _stored(rigged: Rig, label: str) -> Stored:
    async with rigged.database.reading() as session:
        row = (await session.execute(_STORED, {"label": label})).one()
    return Stored(row.turns, list(row.decided), list(row.sent), row.speculative, row.reopened, row.failed)


async def _compare(rigged: Rig, size: Size, speech: _Speech, peer_python: Path) -> Comparison | None:
    """None without an environment with Pipecat."""
    if not await asyncio.to_thread(peer_python.exists):
        out.print(f"No Pipecat beside it: there is no {peer_python} (make bench-peers).", soft_wrap=True)
        return None
    async with chat_stub(rigged) as chat:
        settings = {"VOXLOOM_LLM_ENGINE": "openai", "VOXLOOM_OPENAI_BASE_URL": chat, "VOXLOOM_OPENAI_MODEL": "stub"}
        async with (
            voice_role(rigged, "voice, stub", settings) as server,
            pipecat(peer_python, speech.path, chat) as peer,
        ):
            await run_callers(speech.plan(server, "warm", ("charged",), 1))
            await peer.say(size.compared[:1])
            peer.cpu = peer.seconds = 0.0
            return await _rounds(server, peer, size, speech)


async def _rounds(server: Server, peer: Peer, size: Size, speech: _Speech) -> Comparison:
    found = Comparison()
    cpu = seconds = 0.0
    for number in range(size.rounds):
        out.print(f"Round {number + 1} beside Pipecat ...")
        before, begun = tree_cpu_seconds(server.pid), time.perf_counter()
        calls = await run_callers(speech.plan(server, f"round-{number}-", size.compared, len(size.compared)))
        cpu += tree_cpu_seconds(server.pid) - before
        seconds += time.perf_counter() - begun
        found.clips += [turn.clip for turn in calls.turns]
        found.ours += [turn.first_sound for turn in calls.turns]
        found.our_early += [turn.answered_early > 0 for turn in calls.turns]
        for first_sound, early in await peer.say(size.compared):
            found.theirs.append(first_sound)
            found.their_early.append(early)
        if calls.problems:
            out.print(f"Problems: {calls.problems}", soft_wrap=True)
    found.our_cpu, found.their_cpu = cpu / seconds, peer.cpu / peer.seconds
    return found
