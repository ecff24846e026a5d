"""How many turns endpointing cuts off, and how late it ends the others: ``python -m tests.quality.turns FOLDER``.

FOLDER has the packages named in ``voices``, unpacked. Settings are tuned on the half ``--tuning``; the other half, of
other speakers, is what is reported. ``--heard FILE`` keeps what the models made of the cases between runs.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from db.turns.live_values import Eagerness
from inference.engines.whisper.weights import ctranslate2_directory
from inference.live.endpointing import LOOKS, PATIENCE, silence_needed
from inference.live.open_ends import open_ends
from inference.live.turn_score import TurnScorer
from inference.live.voice_activity import VoiceDetector
from inference.weights.cache import ModelCache
from tests.quality.turns.cases import cases
from tests.quality.turns.pauses import Heard, Pause, append, hear, read, transcriber

#: The turn model's own time.
_SCORE_SECONDS = 0.08

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


def report(title: str, heard: Iterable[Heard]) -> None:
    rows = list(heard)
    table = Table("rule", "turns cut off", "with numbers", "s to the end, median", "p75", "p90", title=title)
    rules: dict[str, Rule] = {
        "0.5 s of silence": after(0.5),
        "1.0 s of silence": after(1.0),
        "one score": by_one_score,
        **{f"endpointing, {each.value}": by_endpointing(each) for each in Eagerness if each is not Eagerness.MANUAL},
    }
    kinds: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for name, rule in rules.items():
        cut = {each.name: any(p.length is not None and rule(each, p) < p.length for p in each.pauses) for each in rows}
        numbers = [each for each in rows if each.kind in ("number", "spelling")]
        waits = sorted(each.late + rule(each, each.pauses[-1]) for each in rows if each.pauses)
        shares = (_share(sum(cut.values()), len(rows)), _share(sum(cut[each.name] for each in numbers), len(numbers)))
        late = (median(waits), waits[int(len(waits) * 0.75)], waits[int(len(waits) * 0.9)])
        table.add_row(name, *shares, *(f"{each:.2f}" for each in late))
        for kind in dict.fromkeys(each.kind for each in rows):
            mine = [each for each in rows if each.kind == kind]
            kinds[name][kind] = (sum(cut[each.name] for each in mine), len(mine))
    Console().print(table)
    for name, counts in kinds.items():
        told = ", ".join(f"{kind} {bad}/{every}" for kind, (bad, every) in counts.items())
        Console().print(f"{name}: {told}", highlight=False)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tuning", action="store_true", help="the half to tune on")
    parser.add_argument("--heard", type=Path, default=Path(".voxloom/turns.jsonl"))
    parser.add_argument("--models", type=Path, default=Path(".voxloom/models"))
    given = parser.parse_args()
    given.heard.parent.mkdir(parents=True, exist_ok=True)
    known = read(given.heard)
    detector, scorer = VoiceDetector(), TurnScorer()
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
