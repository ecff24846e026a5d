"""Figures of a measurement, from the turns of its callers and from the rows that the server stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.live.turns import Calls
from tests.bench.load import percentile

#: A word that is shown so soon after its end counts as shown at once, in seconds.
AT_ONCE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server says of the turns: ``live`` of ``db.models.Turn``; in milliseconds from the end of speech.

    ``decided``: the end of the turn is decided. ``sent``: first audio of the reply. ``speculative``: turns whose reply
    had been begun in the pause.
    """

    turns: int
    decided: list[float]
    sent: list[float]
    speculative: int
    reopened: int
    failed: int


@dataclass(frozen=True, slots=True)
class Level:
    """So many callers at the same time. CPU: of a core, for each call."""

    callers: int
    calls: Calls
    stored: Stored
    voice_cpu: float
    postgres_cpu: float


@dataclass(slots=True)
class Comparison:
    """VoxLoom and Pipecat with the same clips, in turn. ``ours``, ``theirs``: seconds until the first sound.

    ``our_early``, ``their_early``: whether the caller heard a reply before the last word. The first sound after it is
    worth nothing then: it may belong to a reply to half a sentence.
    """

    clips: list[str] = field(default_factory=list)
    ours: list[float | None] = field(default_factory=list)
    theirs: list[float | None] = field(default_factory=list)
    our_early: list[bool] = field(default_factory=list)
    their_early: list[bool] = field(default_factory=list)
    our_cpu: float = 0.0
    their_cpu: float = 0.0


def quantiles(seconds: Sequence[float]) -> str:
    """Median and 90th percentile, in milliseconds."""
    return f"{percentile(seconds, 50) * 1000:.0f} / {percentile(seconds, 90) * 1000:.0f}" if seconds else ""


def first_sounds(calls: Calls) -> list[float]:
    return [turn.first_sound for turn in calls.turns if turn.first_sound is not None]


def interruptions(calls: Calls) -> list[float]:
    return [turn.interruption for turn in calls.turns if turn.interruption is not None]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""


def shown_words(calls: Calls) -> tuple[list[float], int]:
    """The delays of the words that were right before the final transcript, and how many words were said."""
    delays = [delay for turn in calls.turns for delay in turn.word_delays]
    return [delay for delay in delays if delay is not None], len(delays)


def pairs(comparison: Comparison) -> list[tuple[str, float, float]]:
    """The turns that both answered, and neither of them before the last word: clip, our and their first sound."""
    columns = (comparison.clips, comparison.ours, comparison.theirs, comparison.our_early, comparison.their_early)
    return [
        (clip, ours, theirs)
        for clip, ours, theirs, our_early, their_early in zip(*columns, strict=True)
        if ours is not None and theirs is not None and not our_early and not their_early
    ]
