"""Intelligibility (word error rate) and speed of each voice: ``python -m tests.quality.tts``. Takes about a minute.

Every sentence is spoken, transcribed again, and compared word by word in its spoken form. WER is the share of words
wrong, RTF the seconds of work a second of speech, "first" the wait for the first piece of a sentence.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import soxr

from inference.engines.espnet.engine import EspnetEngine
from inference.engines.hibari import HibariEngine
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.ports import SAMPLE_RATE, Samples, Synthesizer, Transcriber, Transcript
from inference.text.normalization.normalizer import spoken_form
from inference.weights.cache import ModelCache

_SENTENCES = Path(__file__).with_suffix(".toml")


@dataclass(slots=True)
class Score:
    """What was measured of one engine; the times in seconds."""

    wrong: int = 0
    words: int = 0
    work: float = 0.0
    speech: float = 0.0
    first: list[float] = field(default_factory=list)
    misheard: list[tuple[str, str]] = field(default_factory=list)


def words_of(text: str) -> list[str]:
    """The words of a text as they are said, in small letters; spelled letters are words of their own."""
    said = re.sub(r"\b([A-Z])\.", r"\1 ", spoken_form(text, "en")).lower()
    return re.findall(r"[a-z']+", said.replace(" and ", " "))


def errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to insert, leave out or change (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(expected, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


async def measure(engine: Synthesizer, listener: Transcriber, sentences: Sequence[str]) -> Score:
    """Speaks and hears every sentence with a loaded engine."""
    score = Score()
    for sentence in sentences:
        started, pieces = time.perf_counter(), list[Samples]()
        async for piece in engine.synthesize(sentence, language="en", voice=None):
            if not pieces:
                score.first.append(time.perf_counter() - started)
            pieces.append(piece.samples)
        score.work += time.perf_counter() - started
        samples = np.concatenate(pieces)
        score.speech += samples.size / engine.sample_rate
        heard = await _hear(listener, soxr.resample(samples, engine.sample_rate, SAMPLE_RATE))
        expected = words_of(sentence)
        wrong = errors(expected, words_of(heard))
        score.words += len(expected)
        score.wrong += wrong
        if wrong:
            score.misheard.append((sentence, heard))
    return score


async def _hear(listener: Transcriber, samples: Samples) -> str:
    async for heard in listener.transcribe(samples, language="en"):
        if isinstance(heard, Transcript):
            return heard.text
    return ""


async def main() -> None:
    sentences: list[str] = tomllib.loads(_SENTENCES.read_text())["sentences"]
    with tempfile.TemporaryDirectory() as directory:
        cache = ModelCache(Path(directory))
        listener = CTranslate2Engine("base", cache=cache, threads=2)
        await listener.load()
        for engine in (HibariEngine(threads=2), EspnetEngine(cache=cache, threads=2)):
            started = time.perf_counter()
            await engine.load()
            loaded = time.perf_counter() - started
            score = await measure(engine, listener, sentences)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            sys.stdout.write(
                f"{engine.info.engine:8} WER {score.wrong / score.words:5.1%}  RTF {score.work / score.speech:.3f}  "
                f"first {median(score.first) * 1000:.0f} ms  load {loaded:.1f} s  peak of the process {peak} MB\n"
            )
            for said, heard in score.misheard:
                sys.stdout.write(f"    {said}\n      heard: {heard}\n")
            await engine.close()
        await listener.close()


if __name__ == "__main__":
    asyncio.run(main())
