"""``python -m inference.speak ENGINE...``: synthesizes lines of text, for eval conversations that are spoken.

Reads one JSON object a line from standard input, ``{"text", "language", "file"}``; writes each as WAV to its file and
answers with ``{"file"}`` or ``{"file", "error"}``. The first engine that speaks a language says its lines. An engine is
loaded when it is first needed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from db.entry_point import run_command
from db.errors import EngineUnavailable, VoxLoomError
from db.json_value import Json
from db.load_settings import load_settings
from inference.audio.wav import encode_wav
from inference.engines.catalog import make_engine
from inference.engines.discovery import installed_engines
from inference.engines.factory import EngineContext
from inference.ports import Synthesizer
from inference.settings import InferenceSettings
from inference.weights.cache import ModelCache


class Speaker:
    """Speaks lines with the engines of these names that are installed. Used by one task."""

    def __init__(self, names: Sequence[str], settings: InferenceSettings) -> None:
        context = EngineContext(settings.model_threads, ModelCache(settings.model_cache_dir))
        there = [name for name in names if name in installed_engines("tts")]
        self._engines = [cast(Synthesizer, make_engine("tts", name, context, setting="the voice")[0]) for name in there]

    async def say(self, text: str, language: str) -> bytes:
        """The text as WAV. Raises EngineUnavailable if no engine speaks the language."""
        for engine in self._engines:
            if engine.info.languages and language not in engine.info.languages:
                continue
            await engine.load()
            pieces = [piece async for piece in engine.synthesize(text, language=language, voice=None)]
            return encode_wav(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)
        raise EngineUnavailable(f"No installed voice speaks {language!r}.")


async def _serve(speaker: Speaker) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted: dict[str, Json] = json.loads(line)
        answer = {"file": wanted["file"]}
        try:
            sound = await speaker.say(str(wanted["text"]), str(wanted["language"]))
            await asyncio.to_thread(Path(str(wanted["file"])).write_bytes, sound)
        except VoxLoomError as error:
            answer["error"] = error.message
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _run() -> None:
    asyncio.run(_serve(Speaker(sys.argv[1:], load_settings(InferenceSettings))))


if __name__ == "__main__":
    run_command(_run)
