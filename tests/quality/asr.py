"""How well and how fast the recognisers hear, trimmed and whole context side by side: python -m tests.quality.asr

A table, not a test: a share of wrong words on a handful of clips is coarse, and seconds belong to the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from inference.engines.ctranslate2 import CTranslate2Engine
from inference.engines.whisper import WhisperEngine
from inference.model_cache import ModelCache
from inference.ports import Samples, Transcriber, Transcript
from tests.speech_samples import Clip, clips, word_errors, words

_SHORT, _LONG = "LJ001-0006", "jfk"

Make = Callable[..., Transcriber]


async def _hear(engine: Transcriber, samples: Samples) -> tuple[str, float]:
    started = time.perf_counter()
    items: Any = engine.transcribe(samples, language="en")
    text = ""
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Transcript):
                text = item.text
    return text, time.perf_counter() - started


async def _measure(make: Make, cache: ModelCache, threads: int, trimmed: bool) -> tuple[float, float, dict[str, float]]:
    """Seconds to load, share of wrong words, and the better of two times for every clip."""
    engine = make("base", cache=cache, threads=threads, trimmed=trimmed)
    started = time.perf_counter()
    await engine.load()
    loading = time.perf_counter() - started
    errors, seconds = 0, {}
    said: dict[str, Clip] = clips()
    for name, clip in said.items():
        samples = clip.samples
        text, first = await _hear(engine, samples)
        _, second = await _hear(engine, samples)
        errors += word_errors(clip.text, text)
        seconds[name] = min(first, second)
    await engine.close()
    return loading, errors / sum(len(words(clip.text)) for clip in said.values()), seconds


async def _main(cache: ModelCache, threads: int) -> None:
    table = Table("engine", "context", "load s", "5.7 s clip", "11 s clip", "all clips", "wrong words", "peak MB")
    makes: tuple[Make, ...] = (CTranslate2Engine, WhisperEngine)
    ratios = []
    for make in makes:
        totals = []
        for trimmed in (True, False):
            loading, wrong, seconds = await _measure(make, cache, threads, trimmed)
            totals.append(sum(seconds.values()))
            table.add_row(
                make.__name__,
                "trimmed" if trimmed else "30 s",
                f"{loading:.2f}",
                f"{seconds[_SHORT]:.2f}",
                f"{seconds[_LONG]:.2f}",
                f"{totals[-1]:.2f}",
                f"{wrong:.1%}",
                f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
            )
        ratios.append(f"{make.__name__}: trimmed / 30 s = {totals[0] / totals[1]:.2f}")
    console = Console()
    console.print(table)
    console.print("\n".join(ratios))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache", type=Path, help="a model cache to use; by default a new one, so the first load is cold"
    )
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_main(ModelCache(arguments.cache or Path(folder)), arguments.threads))
