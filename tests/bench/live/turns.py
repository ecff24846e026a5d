"""The callers of one measurement, and what each of their turns shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from websockets.exceptions import WebSocketException

from tests.bench.live.caller import Caller, Frames, Reply, calling
from tests.bench.live.clips import Clip
from tests.speech_samples import words as plain_words

_GREETING_SECONDS = 6.0
_ANSWER_SECONDS = 8.0
#: How long a reply is listened to at most. Then the caller speaks over it.
_PATIENCE_SECONDS = 7.0
#: Of a caller who speaks over a reply: after so much of it.
_INTERRUPTS_AFTER_SECONDS = 1.2
#: A reply that would have ended so soon anyway was not interrupted.
_NEARLY_OVER_SECONDS = 0.5
_GAP_SECONDS = 0.5
#: A stop that comes earlier than this before the caller's word is none of it.
_SLACK_SECONDS = 0.02


@dataclass(slots=True)
class CallerTurn:
    """One turn as its caller saw it; times in seconds.

    ``first_sound``: from the end of the last word to the first sound of the reply; None: not answered. ``ended_early``:
    times that the turn was committed before its last word. ``answered_early``: replies that were heard before it.
    ``interruption``: from the first word, said over a reply, until the client is told to stop. ``missed``: it was not
    told. ``false_stops``: a reply was stopped though nobody spoke. ``word_delays``: for each word, from its end until
    the client has it; None: it never was right before the final transcript. ``gaps``: pauses within the reply's audio.
    """

    clip: str
    first_sound: float | None
    ended_early: int = 0
    answered_early: int = 0
    interruption: float | None = None
    missed: bool = False
    false_stops: int = 0
    gaps: int = 0
    word_delays: list[float | None] = field(default_factory=list)
    transcript: str = ""


@dataclass(slots=True)
class Calls:
    """What callers at the same time met. ``seconds``: the durations of their calls together."""

    turns: list[CallerTurn] = field(default_factory=list)
    refused: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``over_reply``: the clip that is each second turn, said over the reply to the one before; None: no such turns.

    ``stagger``: seconds between the first words of two callers.
    """

    url: str
    key: str
    label: str
    clips: Mapping[str, Clip]
    frames: Mapping[str, Frames]
    order: Sequence[str]
    turns: int
    callers: int = 1
    over_reply: str | None = None
    stagger: float = 0.7


async def run_callers(plan: Plan) -> Calls:
    calls = Calls()
    await asyncio.gather(*(_call(plan, calls, number) for number in range(plan.callers)))
    return calls


async def _call(plan: Plan, calls: Calls, number: int) -> None:
    await asyncio.sleep(number * plan.stagger)
    begun = time.perf_counter()
    try:
        async with calling(plan.url, plan.key, customer=f"{plan.label}-{number}", seed=number) as caller:
            await _greeting(caller)
            for turn in range(plan.turns):
                name = _clip(plan, number, turn)
                will_interrupt = plan.over_reply is not None and turn % 2 == 0 and turn + 1 < plan.turns
                calls.turns.append(await _turn(caller, plan, name, will_interrupt=will_interrupt))
            calls.problems += caller.heard.problems
    except WebSocketException as refusal:
        calls.refused += 1
        calls.problems.append(str(refusal))
    calls.seconds += time.perf_counter() - begun


def _clip(plan: Plan, caller: int, turn: int) -> str:
    if plan.over_reply is None:
        return plan.order[(caller + turn) % len(plan.order)]
    return plan.over_reply if turn % 2 else plan.order[(caller + turn // 2) % len(plan.order)]


async def _greeting(caller: Caller) -> None:
    """The assistant speaks first."""
    if await caller.until(lambda: bool(caller.heard.replies), _GREETING_SECONDS):
        await _hear_out(caller, next(iter(caller.heard.replies.values())), _PATIENCE_SECONDS)


async def _hear_out(caller: Caller, reply: Reply, patience: float) -> None:
    """Until the reply has been played, or the caller has heard enough."""
    enough = reply.first_sound + patience
    await caller.until(lambda: reply.done, enough - time.perf_counter())
    await asyncio.sleep(max(0.0, min(enough, reply.ends) - time.perf_counter()))


async def _turn(caller: Caller, plan: Plan, name: str, *, will_interrupt: bool) -> CallerTurn:
    """``will_interrupt``: the caller's next turn begins over the reply to this one."""
    heard, clip = caller.heard, plan.clips[name]
    before = next(reversed(heard.replies.values()), None)
    stops, commits, words = len(heard.stops), len(heard.commits), len(heard.words)
    gaps = sum(each.gaps for each in heard.replies.values())
    began = await caller.say(plan.frames[name])
    onset, spoken = began + clip.begins, began + clip.ends
    would_end = before.ends if before is not None else 0.0
    await caller.until(lambda: caller.reply_since(spoken) is not None, spoken + _ANSWER_SECONDS - time.perf_counter())
    reply = caller.reply_since(spoken)
    turn = CallerTurn(name, None if reply is None else reply.first_sound - spoken)
    told = [at for at in heard.stops[stops:] if at < spoken]
    stopped = next((at for at in told if at >= onset - _SLACK_SECONDS), None)
    if before is not None and stopped is not None:
        turn.interruption = stopped - onset
    turn.missed = stopped is None and would_end > onset + _NEARLY_OVER_SECONDS
    turn.ended_early = sum(at < spoken for at in heard.commits[commits:])
    turn.answered_early = sum(onset < each.first_sound < spoken for each in heard.replies.values())
    if reply is not None:
        await _hear_out(caller, reply, _INTERRUPTS_AFTER_SECONDS if will_interrupt else _PATIENCE_SECONDS)
    turn.false_stops = len(heard.stops[stops:]) - len(told)
    turn.gaps = sum(each.gaps for each in heard.replies.values()) - gaps
    turn.word_delays = word_delays(clip, began, heard.words[words:])
    turn.transcript = heard.transcripts[-1][1] if heard.transcripts else ""
    if not will_interrupt:
        await asyncio.sleep(_GAP_SECONDS)
    return turn


def word_delays(clip: Clip, began: float, pieces: Sequence[tuple[float, str]]) -> list[float | None]:
    """For each word of the clip, seconds from its end until a piece of the partial transcript has it.

    What was shown is matched with what was said (difflib), so that a wrong word costs itself only. Never below zero: a
    word can be guessed from its beginning.
    """
    shown = [(word, at) for at, text in pieces for word in plain_words(text)]
    said = [word for word, _ in clip.words]
    delays: list[float | None] = [None] * len(said)
    matcher = SequenceMatcher(None, said, [word for word, _ in shown], autojunk=False)
    for match in matcher.get_matching_blocks():
        for offset in range(match.size):
            delay = shown[match.b + offset][1] - began - clip.words[match.a + offset][1]
            delays[match.a + offset] = max(0.0, delay)
    return delays
