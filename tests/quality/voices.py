"""How well the voices of other languages than English are understood: ``python -m tests.quality.voices [test|tune]``.

Every sentence of voices.toml is spoken, transcribed again by Whisper base, and compared in its spoken form: by words
(WER), in Hindi by consonants (``hindi_consonants``). RTF is the seconds of work a second of speech, "first" the wait
for the first piece of a sentence, "loudness" that of a reply after its normalization, in LUFS.
"""

from __future__ import annotations

import asyncio
import re
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

from inference.audio.level import LoudnessMeter, ReplyLevel
from inference.engines.kokoro.engine import KokoroEngine
from inference.engines.pico.engine import PicoEngine
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.ports import SAMPLE_RATE, Samples, Synthesizer, Transcriber, Transcript
from inference.testing.word_errors import word_errors, words
from inference.text.normalization.locales.hi_numbers import hindi_cardinal
from inference.text.normalization.normalizer import spoken_form
from inference.weights.cache import ModelCache
from tests.quality.hindi_consonants import consonants

SENTENCES: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())

#: Most errors by language.
LIMITS = {"es": 0.05, "de": 0.05, "fr": 0.10, "hi": 0.12}


@dataclass(slots=True)
class Score:
    """What was measured in one language; the times in seconds."""

    wrong: int = 0
    units: int = 0
    work: float = 0.0
    speech: float = 0.0
    first: list[float] = field(default_factory=list)
    loudness: list[float] = field(default_factory=list)
    misheard: list[tuple[str, str]] = field(default_factory=list)

    @property
    def error_rate(self) -> float:
        return self.wrong / self.units


def units_of(text: str, language: str, *, heard: bool = False) -> list[str]:
    """What is compared of a text: its words as they are said, of Hindi its consonants. ``heard``: by Whisper, in any
    script."""
    if language == "hi" and heard:
        return consonants(re.sub(r"\d+", lambda number: hindi_cardinal(int(number[0][:15])), text))
    said = spoken_form(text, language)
    return consonants(said) if language == "hi" else words(said)


async def measure(engine: Synthesizer, listener: Transcriber, language: str, sentences: Sequence[str]) -> Score:
    """Speaks and hears every sentence with a loaded engine."""
    score = Score()
    for sentence in sentences:
        started, pieces = time.perf_counter(), list[Samples]()
        async for piece in engine.synthesize(sentence, language=language, voice=None):
            if not pieces:
                score.first.append(time.perf_counter() - started)
            pieces.append(piece.samples)
        score.work += time.perf_counter() - started
        samples = np.concatenate(pieces)
        score.speech += samples.size / engine.sample_rate
        level = ReplyLevel().levelled(samples, engine.sample_rate)
        score.loudness.append(LoudnessMeter(engine.sample_rate).add(level))
        heard = await _hear(listener, soxr.resample(samples, engine.sample_rate, SAMPLE_RATE), language)
        expected = units_of(sentence, language)
        wrong = word_errors(expected, units_of(heard, language, heard=True))
        score.units += len(expected)
        score.wrong += wrong
        if wrong:
            score.misheard.append((sentence, heard))
    return score


async def _hear(listener: Transcriber, samples: Samples, language: str) -> str:
    async for heard in listener.transcribe(samples, language=language):
        if isinstance(heard, Transcript):
            return heard.text
    return ""


async def measure_all(half: str, cache: ModelCache, threads: int = 2) -> dict[str, Score]:
    """Measures each language with the engine that speaks it by default. ``half``: "tune" or "test"."""
    listener = CTranslate2Engine("base", cache=cache, threads=threads)
    kokoro, pico = KokoroEngine(cache=cache, threads=threads), PicoEngine()
    for engine in (listener, kokoro, pico):
        await engine.load()
    try:
        return {
            language: await measure(pico if language == "de" else kokoro, listener, language, sentences[half])
            for language, sentences in SENTENCES.items()
        }
    finally:
        for engine in (listener, kokoro, pico):
            await engine.close()


async def main() -> None:
    half = sys.argv[1] if len(sys.argv) > 1 else "test"
    with tempfile.TemporaryDirectory() as directory:
        scores = await measure_all(half, ModelCache(Path(directory)))
    for language, score in scores.items():
        sys.stdout.write(
            f"{language} {half}: {score.error_rate:5.1%} of {score.units} wrong  RTF {score.work / score.speech:.3f}  "
            f"first {median(score.first) * 1000:.0f} ms  "
            f"loudness {min(score.loudness):.1f} to {max(score.loudness):.1f} LUFS\n"
        )
        for said, heard in score.misheard:
            sys.stdout.write(f"    {said}\n      heard: {heard}\n")


if __name__ == "__main__":
    asyncio.run(main())
