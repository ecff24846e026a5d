"""Word error rate and speed of speech recognition: ``python -m tests.quality.asr``.

Recordings of people in English (tests/speech_samples.py), as they are, over an 8 kHz telephone line and in noise of
10 dB SNR; and, for other languages, sentences of asr_sentences.toml spoken by synthetic voices, as no recordings of
people may be kept here: by SVOX Pico (package py-nanotts) and by espeak-ng (a program), where they are installed. Each
by greedy decoding and by beam search (English is always decoded greedily), and with ``--contexts`` by a whole context.
``--half test`` is for reporting, ``tuning`` for all else. A table, not a test: a share of wrong words on a handful of
clips is coarse, and seconds belong to the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import resource
import shutil
import subprocess
import tempfile
import time
import tomllib
import wave
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from db.audio.decoding import read_recording
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.engines.whisper.engine import WhisperEngine
from inference.ports import SAMPLE_RATE, Samples, Transcriber, Transcript
from inference.weights.cache import ModelCache
from tests.quality.references import over_a_telephone
from tests.speech_samples import clips, word_errors, words

_SENTENCES = Path(__file__).with_name("asr_sentences.toml")
_PICO = {"en": "en-US", "es": "es-ES", "de": "de-DE", "fr": "fr-FR"}
_ESPEAK = {"en": "en-us", "es": "es", "de": "de", "fr": "fr"}
_NOISE_DB = 10.0

Make = Callable[..., Transcriber]


@dataclass(frozen=True, slots=True)
class Spoken:
    """``group``: language and kind of voice, a row of the table."""

    group: str
    language: str
    text: str
    samples: Samples


def _people() -> Iterator[Spoken]:
    noise = np.random.default_rng(0)
    for clip in clips().values():
        clean = clip.samples
        level = float(np.sqrt(np.mean(clean**2))) / 10 ** (_NOISE_DB / 20)
        noisy = clean + noise.standard_normal(clean.size).astype(np.float32) * np.float32(level)
        yield Spoken("en people", "en", clip.text, clean)
        yield Spoken("en people, 8 kHz", "en", clip.text, over_a_telephone(clean, SAMPLE_RATE))
        yield Spoken("en people, noise", "en", clip.text, noisy)


def _synthetic(half: str) -> Iterator[Spoken]:
    for language, halves in tomllib.loads(_SENTENCES.read_text(encoding="utf-8")).items():
        for text in halves[half]:
            for voice, say in (("Pico", _pico), ("espeak-ng", _espeak)):
                data = say(text, language)
                if data is not None:
                    samples = read_recording(data, max_seconds=60).samples
                    yield Spoken(f"{language} {voice}", language, text, samples)


def _pico(text: str, language: str) -> bytes | None:
    try:
        voice = importlib.import_module("py_nanotts").NanoTTS()
    except ImportError:
        return None
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(voice.speak(text, voice=_PICO[language]))
    return made.getvalue()


def _espeak(text: str, language: str) -> bytes | None:
    program = shutil.which("espeak-ng")
    if program is None:
        return None
    command = [program, "-v", _ESPEAK[language], "-s", "150", "--stdout", text]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


async def _hear(engine: Transcriber, spoken: Spoken) -> tuple[str, float]:
    started = time.perf_counter()
    items: Any = engine.transcribe(spoken.samples, language=spoken.language)
    text = ""
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Transcript):
                text = item.text
    return text, time.perf_counter() - started


async def _measure(make: Make, cache: ModelCache, threads: int, said: list[Spoken], **options: Any) -> list[list[str]]:
    """A row for each group: wrong words of all, seconds of work a clip, and the process's peak memory."""
    engine = make("base", cache=cache, threads=threads, **options)
    await engine.load()
    rows = []
    await _hear(engine, said[0])
    for group in dict.fromkeys(each.group for each in said):
        errors = total = 0
        seconds = 0.0
        mine = [each for each in said if each.group == group]
        for each in mine:
            text, spent = await _hear(engine, each)
            errors += word_errors(each.text, text)
            total += len(words(each.text))
            seconds += spent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = [f"{errors} of {total}", f"{errors / total:.1%}", f"{seconds / len(mine):.2f}", f"{peak:.0f}"]
        rows.append([engine.info.engine, group, *told])
    await engine.close()
    return rows


async def _main(cache: ModelCache, threads: int, half: str, engines: list[str], contexts: bool) -> None:
    said = [*_people(), *_synthetic(half)]
    makes: dict[str, Make] = {"ctranslate2": CTranslate2Engine, "whisper": WhisperEngine}
    ways = [("1 beam", {"beams": 1}), ("5 beams", {"beams": 5})]
    if contexts:
        ways.append(("5 beams, 30 s", {"beams": 5, "trimmed": False}))
    table = Table("engine", "who", "way", "wrong words", "WER", "s a clip", "peak MB")
    for name in engines:
        for way, options in ways:
            for engine, group, *figures in await _measure(makes[name], cache, threads, said, **options):
                table.add_row(engine, group, way, *figures)
    Console(width=120).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="a model cache to use; by default a new one")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--half", choices=("tuning", "test"), default="tuning")
    parser.add_argument("--engine", action="append", choices=("ctranslate2", "whisper"))
    parser.add_argument("--contexts", action="store_true", help="measure the whole context of 30 s as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chosen = arguments.engine or ["ctranslate2", "whisper"]
        where = ModelCache(arguments.cache or Path(folder))
        asyncio.run(_main(where, arguments.threads, arguments.half, chosen, arguments.contexts))
