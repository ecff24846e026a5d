"""Every pause of every case, with what is known while it lasts: the turn model's scores and the words so far.

Endpointing is then evaluated on these, so that models run once and not for each setting.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from inference.audio.vad import FRAME, SpeechDetector
from inference.engines.whisper.ctranslate2_model import CTranslate2Whisper
from inference.live.ear import Ear, SpeechPaused, SpeechResumed
from inference.live.endpointing import Patience
from inference.live.open_ends import open_ends
from inference.live.turn_score import TurnScorer
from inference.ports import SAMPLE_RATE, Samples
from tests.quality.turns.cases import Case

#: The ear never ends a turn: where it would is evaluated afterwards.
_FOREVER = Patience(grades=((0.0, 1e9),), open_number=0, open_words=0, complete_number=1e9, longest=1e9)

#: Seconds of a pause that no rule takes for the end of a turn.
_SHORTEST = 0.3

_LEAD, _TAIL = 0.4, 2.0
_WINDOW = 12 * SAMPLE_RATE


@dataclass(slots=True)
class Pause:
    """``length``: seconds until the caller goes on; None at the end of the turn. ``scores``: one for each look."""

    began: float
    length: float | None = None
    scores: list[float] = field(default_factory=list)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the ear made of a case. ``late``: seconds from the true end of speech to where the last pause began."""

    name: str
    kind: str
    language: str
    channel: str
    tuning: bool
    digits: int
    late: float
    pauses: list[Pause]


def hear(case: Case, detector: SpeechDetector, scorer: TurnScorer, words: Callable[[Samples, str], str]) -> Heard:
    """Plays a case to an ear, with room noise before and after it."""
    rng = np.random.default_rng(5)
    room = [np.zeros(round(seconds * SAMPLE_RATE), np.float32) for seconds in (_LEAD, _TAIL)]
    samples = np.concatenate([room[0], case.samples, room[1]])
    samples = (samples + rng.standard_normal(samples.size) * 0.0004).astype(np.float32)
    language = case.speaker.language
    ear = Ear(detector.stream(), open_ends(language), _FOREVER)
    pauses: list[Pause] = []
    looks: list[tuple[Pause, Samples]] = []
    for start in range(0, samples.size - FRAME + 1, FRAME):
        for event in ear.feed(samples[start : start + FRAME]):
            if isinstance(event, SpeechPaused):
                pauses.append(Pause(event.at))
            elif isinstance(event, SpeechResumed):
                pauses[-1].length = event.at - pauses[-1].began
        if ear.look_due():
            looks.append((pauses[-1], ear.samples))
    kept = [each for each in pauses if each.length is None or each.length >= _SHORTEST]
    for pause, heard in looks:
        if pause not in kept:
            continue
        if not pause.scores:
            pause.text = words(heard[-_WINDOW:], language)
        pause.scores.append(round(scorer.score(heard), 3))
    ended = _LEAD + case.samples.size / SAMPLE_RATE
    late = pauses[-1].began - ended if pauses else 0.0
    return Heard(case.name, case.kind, language, case.channel, case.speaker.tuning, case.digits, round(late, 3), kept)


def transcriber(directory: Path) -> Callable[[Samples, str], str]:
    """Whisper base on one thread, greedy: the final words that are made in a pause."""
    model = CTranslate2Whisper(directory, 1)

    def words(samples: Samples, language: str) -> str:
        features = model.encode(samples, max(8.0, samples.size / SAMPLE_RATE + 2.0))
        return model.decode(features, language, 0.0, threading.Event()).text[-80:]

    return words


def read(path: Path) -> dict[str, Heard]:
    """What was heard before, by the case's name; one JSON object a line."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["name"]: Heard(**{**row, "pauses": [Pause(**each) for each in row["pauses"]]}) for row in rows}


def append(path: Path, heard: Heard) -> None:
    with path.open("a") as file:
        file.write(json.dumps(asdict(heard), ensure_ascii=False) + "\n")
