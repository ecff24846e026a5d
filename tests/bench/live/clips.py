"""What the callers of the benchmark say: recordings of people and synthesised requests, with the times of their words.

``python -m tests.bench.live.clips FILE`` writes them as one npz file, which Pipecat's process reads too. It is a
process of its own because it needs torch. Times of words are a forced alignment of the known text by Whisper base
(openai-whisper's ``find_alignment``); the end of the last word is where the recording's energy ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr

from inference.engines.hibari import HibariEngine
from inference.ports import SAMPLE_RATE, Samples
from tests.quality.turns.voices import trimmed
from tests.speech_samples import clips as recordings
from tests.speech_samples import words as plain_words

#: Left of a recording before its first word and after its last one, in seconds (``trimmed``).
_MARGIN = 0.01

#: Read by people, of the repository's recordings. The last one has pauses in it, and is one turn all the same.
_PEOPLE = ("LJ001-0005", "LJ001-0007", "jfk")

#: Requests of a customer, spoken by another engine than the one that answers.
_REQUESTS = {
    "charged": "Hello, I was charged twice for my phone bill this month.",
    "internet": "My internet connection has been down since yesterday evening.",
    "address": "I have moved house, and I would like to change my address.",
    "technician": "Can you tell me when the technician will come to my house?",
}

#: Said over a reply.
_OVER_A_REPLY = {"interruption": "No, wait, that is not what I meant."}

INTERRUPTION = "interruption"


@dataclass(frozen=True, slots=True)
class Clip:
    """One turn. ``words``: each with the second at which it ends. ``begins``, ``ends``: of its first and last word."""

    name: str
    samples: Samples
    words: tuple[tuple[str, float], ...]
    begins: float
    ends: float


def read_clips(path: Path) -> dict[str, Clip]:
    """Those of a file that ``write_clips`` made, by their names."""
    found = {}
    with np.load(path) as file:
        for name, entry in json.loads(str(file["index"])).items():
            words = tuple((word, end) for word, end in entry["words"])
            found[name] = Clip(name, file[name], words, entry["begins"], entry["ends"])
    return found


def write_clips(path: Path, clips: Sequence[Clip]) -> None:
    index = {
        clip.name: {key: value for key, value in asdict(clip).items() if key not in ("name", "samples")}
        for clip in clips
    }
    samples: dict[str, Samples] = {clip.name: clip.samples for clip in clips}
    np.savez(path, index=np.array(json.dumps(index)), **samples)  # type: ignore[arg-type]  # its stub wants a bool


async def _synthesised(texts: dict[str, str]) -> dict[str, Samples]:
    engine = HibariEngine()
    await engine.load()
    spoken = {}
    for name, text in texts.items():
        pieces = [piece async for piece in engine.synthesize(text, language="en", voice=None)]
        samples = np.concatenate([piece.samples for piece in pieces])
        spoken[name] = soxr.resample(samples, pieces[0].sample_rate, SAMPLE_RATE).astype(np.float32)
    await engine.close()
    return spoken


class _Aligner:
    """Ends of words by Whisper's cross-attention."""

    def __init__(self, checkpoint: Path) -> None:
        import torch
        import whisper

        torch.set_num_threads(1)
        self._whisper = whisper
        self._model = whisper.load_model(str(checkpoint), device="cpu")
        self._model.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])

    def words(self, text: str, samples: Samples) -> tuple[tuple[str, float], ...]:
        from whisper.timing import find_alignment
        from whisper.tokenizer import get_tokenizer

        tokenizer = get_tokenizer(multilingual=True, language="en", task="transcribe")
        mel = self._whisper.log_mel_spectrogram(self._whisper.pad_or_trim(samples))
        frames = len(samples) // 160
        timings = find_alignment(self._model, tokenizer, tokenizer.encode(" " + text), mel, frames)
        last = len(samples) / SAMPLE_RATE - _MARGIN
        return tuple(
            (word, round(min(float(timing.end), last), 3)) for timing in timings for word in plain_words(timing.word)
        )


def make_clips(checkpoint: Path) -> list[Clip]:
    """``checkpoint``: Whisper base for openai-whisper."""
    texts = _REQUESTS | _OVER_A_REPLY
    spoken = asyncio.run(_synthesised(texts))
    for name in _PEOPLE:
        recording = recordings()[name]
        texts[name], spoken[name] = recording.text, recording.samples
    aligner = _Aligner(checkpoint)
    made = []
    for name, text in texts.items():
        samples = trimmed(spoken[name])
        made.append(
            Clip(name, samples, aligner.words(text, samples), _MARGIN, round(len(samples) / SAMPLE_RATE - _MARGIN, 3))
        )
    return made


def _main(path: Path) -> None:
    from db.load_settings import load_settings
    from inference.engines.whisper.weights import openai_checkpoint
    from inference.settings import InferenceSettings
    from inference.weights.cache import ModelCache

    cache = ModelCache(load_settings(InferenceSettings).model_cache_dir)
    write_clips(path, make_clips(openai_checkpoint(cache)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
