"""How many turns endpointing cuts off, and how late it ends the others: ``python -m tests.quality.turns FOLDER``.

FOLDER has the packages named in ``voices``, unpacked. Settings are tuned on the half ``--tuning``; the other half, of
other speakers, is what is reported. ``--heard FILE`` keeps what the models made of the cases between runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from db.turns.live_values import Eagerness
from inference.audio.vad import SpeechDetector
from inference.engines.whisper.weights import ctranslate2_directory
from inference.live.endpointing import LOOKS, PATIENCE, silence_needed
from inference.live.open_ends import open_ends
from inference.live.turn_score import TurnScorer
from inference.weights.cache import ModelCache
from tests.quality.turns.cases import cases
from tests.quality.turns.pauses import Heard, Pause, append, hear, read, transcriber

#: The turn model's own time.
_SCORE_SECONDS = 0.08

#: From the end of a turn to the first sound of its reply, whose work was begun in the pause.
_FIRST_SOUND = 0.15

#: Seconds of silence after which a pause ends the turn.
Rule = Callable[[Heard, Pause], float]


def by_endpointing(eagerness: Eagerness) -> Rule:
    """Endpointing as the ear does it: decided anew at each look, with the model's time in between."""

    def end(heard: Heard, pause: Pause) -> float:
        ends, patience = open_ends(heard.language), PATIENCE[eagerness]
        expected = (heard.digits,) if heard.digits else ()
        at = patience.longest
        for index in range(len(pause.scores)):
            known = LOOKS[index] + _SCORE_SECONDS
            wait = silence_needed(
                pause.scores[: index + 1], pause.text, ends=ends, patience=patience, expected_digits=expected
            )
            at = max(wait, known)
            if index + 1 == len(LOOKS) or at <= LOOKS[index + 1]:
                return at
        return at

    return end


def after(seconds: float) -> Rule:
    return lambda heard, pause: seconds


def by_one_score(heard: Heard, pause: Pause) -> float:
    """As frameworks do by default: 0.2 s and a score above a half, else 3 s."""
    return LOOKS[0] + _SCORE_SECONDS if pause.scores and pause.scores[0] > 0.5 else 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule does to a turn. ``early``: it ends the turn in a pause, and reopening has to mend it.

    ``answered``: the caller hears the reply begin before they go on. ``late``: seconds from the last word to the end.
    """

    heard: Heard
    early: bool
    answered: bool
    late: float | None


def outcome(rule: Rule, heard: Heard) -> Outcome:
    gone_on = [(rule(heard, pause), pause.length) for pause in heard.pauses if pause.length is not None]
    last = heard.pauses[-1] if heard.pauses else None
    return Outcome(
        heard,
        early=any(wait < length for wait, length in gone_on),
        answered=any(wait + _FIRST_SOUND < length for wait, length in gone_on),
        late=None if last is None else heard.late + rule(heard, last),
    )


def report(title: str, heard: Iterable[Heard]) -> None:
    rows = list(heard)
    table = Table(
        "rule", "ended early", "with numbers", "reply heard", "with numbers", "s to the end, median", "p75", "p90",
        title=title,
    )  # fmt: skip
    rules: dict[str, Rule] = {
        "0.5 s of silence": after(0.5),
        "0.8 s of silence": after(0.8),
        "1.0 s of silence": after(1.0),
        "one score": by_one_score,
        **{f"endpointing, {each.value}": by_endpointing(each) for each in Eagerness if each is not Eagerness.MANUAL},
    }
    details = []
    for name, rule in rules.items():
        found = [outcome(rule, each) for each in rows]
        numbers = [each for each in found if each.heard.kind in ("number", "spelling")]
        shares = [_share(each.early for each in group) for group in (found, numbers)]
        answers = [_share(each.answered for each in group) for group in (found, numbers)]
        table.add_row(name, shares[0], shares[1], answers[0], answers[1], *_quantiles(found))
        by_kind = ", ".join(
            f"{kind} {sum(each.early for each in mine)}+{sum(each.answered for each in mine)}/{len(mine)} "
            f"{_quantiles(mine)[0]} s"
            for kind in dict.fromkeys(each.heard.kind for each in found)
            for mine in [[each for each in found if each.heard.kind == kind]]
        )
        details.append(f"{name}: {by_kind}")
    console = Console(width=140)
    console.print(table)
    console.print("by kind: ended early + reply heard / turns, median s to the end; not heard at all:", end=" ")
    console.print(sum(not each.pauses for each in rows))
    for line in details:
        console.print(line, highlight=False)


def _share(found: Iterable[bool]) -> str:
    values = list(found)
    return f"{sum(values)} of {len(values)} ({sum(values) / max(len(values), 1):.1%})"


def _quantiles(found: Iterable[Outcome]) -> list[str]:
    waits = sorted(each.late for each in found if each.late is not None)
    return [f"{waits[min(int(len(waits) * share), len(waits) - 1)]:.2f}" for share in (0.5, 0.75, 0.9)] if waits else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tuning", action="store_true", help="the half to tune on")
    parser.add_argument("--heard", type=Path, default=Path(".voxloom/turns.jsonl"))
    parser.add_argument("--models", type=Path, default=Path(".voxloom/models"))
    given = parser.parse_args()
    given.heard.parent.mkdir(parents=True, exist_ok=True)
    known = read(given.heard)
    detector, scorer = SpeechDetector(), TurnScorer()
    detector.load()
    scorer.load()
    words = transcriber(ctranslate2_directory(ModelCache(given.models)))
    for case in cases(given.folder):
        if case.speaker.tuning == given.tuning and case.name not in known:
            known[case.name] = hear(case, detector, scorer, words)
            append(given.heard, known[case.name])
    half = "tuning half" if given.tuning else "test half"
    report(half, (each for each in known.values() if each.tuning == given.tuning))


if __name__ == "__main__":
    main()
