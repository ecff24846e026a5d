"""Speech that voice activity detection misses in recordings, and words lost: ``python -m tests.quality.vad FOLDER``.

FOLDER has the packages named in ``turns.voices``, unpacked. Each clip of a speaker is a recording of its own with half
a second of silence around it: as it is, over a phone line (300 to 3,400 Hz, mu-law), in AMR at 7.95 kbit/s (as voice
memos of phones are), and quiet. Its loud frames, down to 12 dB below its mean level, are speech. Missed: those outside
the regions that ``find_speech`` finds; unheard: recordings without any region. Recordings are raised before, as in a
turn. Of a call: the same without that, in frames below 0.35, from the stream that callers are heard through.

Digits: numbers of eight digits with a pause in the middle, over a phone line, transcribed by Whisper base.
Settings are tuned on the half ``--tuning``; the other half, of other speakers, is what is reported.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from db.audio.decoding import read_recording
from inference.audio.level import raised
from inference.audio.vad import FRAME, SpeechDetector, find_speech
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.ports import SAMPLE_RATE, Samples, Transcript
from inference.testing.word_errors import word_errors
from inference.weights.cache import ModelCache
from tests.quality.turns.cases import telephone
from tests.quality.turns.voices import SPEAKERS, Speaker, digits, letters, phrases
from tests.speech_samples import clips

_EDGE = np.zeros(SAMPLE_RATE // 2, np.float32)
_NUMBERS = 15

_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
}


def _amr(samples: Samples) -> Samples:
    file = io.BytesIO()
    with av.open(file, "w", format="amr") as container:
        stream = container.add_stream("libopencore_amrnb", rate=8000)
        stream.bit_rate, stream.layout = 7950, "mono"
        frame = av.AudioFrame.from_ndarray((samples.clip(-1, 1) * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler("s16", "mono", 8000, frame_size=160)
        for each in [*resampler.resample(frame), *resampler.resample(None)]:
            each.pts = None
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    decoded = read_recording(file.getvalue(), max_seconds=60).samples
    return np.pad(decoded, (0, max(0, samples.size - decoded.size)))[: samples.size]


def _quieter(decibels: float) -> Callable[[Samples], Samples]:
    return lambda samples: (np.round(samples * 10 ** (-decibels / 20) * 32768) / 32768).astype(np.float32)


_LINES: dict[str, Callable[[Samples], Samples]] = {
    "as it is": lambda samples: samples,
    "phone": telephone,
    "AMR": _amr,
    "30 dB quieter": _quieter(30),
    "40 dB quieter": _quieter(40),
    "phone, 40 dB quieter": lambda samples: telephone(_quieter(40)(samples)),
}


def _framed(samples: Samples) -> Samples:
    """With silence around it and a little noise, in whole frames."""
    framed = np.concatenate([_EDGE, samples, _EDGE])
    framed = np.pad(framed, (0, -framed.size % FRAME))
    return np.asarray(framed + np.random.default_rng(0).standard_normal(framed.size) * 6e-5, np.float32)


def _loud(samples: Samples) -> NDArray[np.bool_]:
    levels = np.sqrt(np.mean(samples.reshape(-1, FRAME) ** 2, axis=1))
    spoken = levels[levels > levels.max() / 100]
    return np.asarray(levels > np.sqrt(np.mean(spoken**2)) / 4)


def _found(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    found = np.zeros(probabilities.size, bool)
    for region in find_speech(probabilities):
        found[region.start // FRAME : region.end // FRAME] = True
    return found


def _missed(detector: SpeechDetector, said: Sequence[Samples], line: Callable[[Samples], Samples]) -> list[str]:
    total = missed = unheard = in_call = 0
    for each in said:
        framed = _framed(each)
        loud, heard = _loud(framed), line(framed)
        found = _found(detector.probabilities(raised(heard)))
        total += int(loud.sum())
        missed += int((loud & ~found).sum())
        unheard += not found.any()
        in_call += int((loud & (detector.stream().feed_frames(heard) < 0.35)).sum())
    return [f"{missed / total:.1%}", f"{unheard} of {len(said)}", f"{in_call / total:.1%}"]


def _speakers(root: Path, tuning: bool) -> Iterator[tuple[str, str, Sequence[Samples]]]:
    for speaker in SPEAKERS:
        if speaker.tuning == tuning:
            yield speaker.name, "sentences", phrases(root, speaker, 1.8, 6.0)[:25]
            yield speaker.name, "digits, letters", (*digits(root, speaker), *letters(root, speaker)[:12])
            yield speaker.name, "short", phrases(root, speaker, 0.3, 1.1)[:20]
    name = "LJ" if tuning else "jfk"
    yield name, "sentences", [clip.samples for key, clip in clips().items() if key.startswith(name)]


async def _digits(engine: CTranslate2Engine, root: Path, speaker: Speaker) -> tuple[int, int]:
    """Wrong or missing digits, and all of them."""
    rng, wrong = np.random.default_rng(3), 0
    names = _DIGITS[speaker.language].split()
    for _ in range(_NUMBERS):
        number = rng.integers(10, size=8).tolist()
        parts: list[Samples] = []
        for place, digit in enumerate(number):
            gap = 0.6 if place == 4 else 0.08
            parts += [np.zeros(round(gap * SAMPLE_RATE), np.float32), digits(root, speaker)[digit]]
        text = ""
        heard = raised(telephone(_framed(np.concatenate(parts))))
        async for item in engine.transcribe(heard, language=speaker.language):
            text = item.text if isinstance(item, Transcript) else text
        words = re.findall(r"\d|[^\W\d]+", text.lower())
        wrong += word_errors([str(each) for each in number], [str(names.index(w)) if w in names else w for w in words])
    return wrong, 8 * _NUMBERS


async def _main(root: Path, models: Path, tuning: bool) -> None:
    detector = SpeechDetector()
    detector.load()
    table = Table("speaker", "clips", "line", "missed", "unheard", "missed in a call")
    for name, kind, said in _speakers(root, tuning):
        for line, through in _LINES.items():
            table.add_row(name, kind, line, *_missed(detector, said, through))
    Console(width=120).print(table)
    engine = CTranslate2Engine("base", cache=ModelCache(models), threads=2)
    await engine.load()
    for speaker in SPEAKERS:
        if speaker.tuning == tuning:
            wrong, total = await _digits(engine, root, speaker)
            Console().print(f"{speaker.name}: {wrong} of {total} digits wrong or lost over a phone line")
    await engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, default=Path(".voxloom/models"))
    parser.add_argument("--tuning", action="store_true", help="the half to tune on")
    given = parser.parse_args()
    asyncio.run(_main(given.folder, given.models, given.tuning))
