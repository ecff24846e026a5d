"""Letters of CRM references that ASR mishears over a telephone line: ``python -m tests.quality.references``.

Speaks random references with each voice, passes them through an 8 kHz G.711 µ-law line, and transcribes them. A letter
counts as heard where it stands in the transcript in its place. ``--letters`` tries another alphabet: ``all`` is how the
one in ``db.agents.references`` was chosen.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import string
import sys
import tempfile
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import soxr

from db.agents.references import DIGITS, LETTERS, PATTERN
from inference.engines.espnet.engine import EspnetEngine
from inference.engines.hibari import HibariEngine
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.ports import SAMPLE_RATE, Samples, Synthesizer, Transcriber, Transcript
from inference.weights.cache import ModelCache

_LINE_RATE = 8_000
_MU = 255.0


def over_a_telephone(samples: Samples, rate: int) -> Samples:
    """The samples as they leave an 8 kHz line with µ-law companding in 8 bits (ITU-T G.711), at 16 kHz."""
    narrow = soxr.resample(samples, rate, _LINE_RATE)
    narrow = narrow / max(float(np.abs(narrow).max()), 1e-6) * 0.7
    folded = np.sign(narrow) * np.log1p(_MU * np.abs(narrow)) / np.log1p(_MU)
    coarse = np.round(folded * 127) / 127
    opened = np.sign(coarse) * np.expm1(np.abs(coarse) * np.log1p(_MU)) / _MU
    line: Samples = soxr.resample(opened.astype(np.float32), _LINE_RATE, SAMPLE_RATE)
    return line


async def _say(voice: Synthesizer, text: str) -> Samples:
    return np.concatenate([each.samples async for each in voice.synthesize(text, language="en", voice=None)])


async def _hear(listener: Transcriber, samples: Samples) -> str:
    async for item in listener.transcribe(samples, language="en"):
        if isinstance(item, Transcript):
            behind = re.sub(r"^\s*THE REFERENCES?(?: IS)?(?!\w)", "", item.text.upper())
            return re.sub(r"[^A-Z0-9]", "", re.sub(r"\bARE\b|\bARE(?=\d)", "R", behind))  # homophones
    return ""


async def main(letters: str, count: int, seed: int) -> None:
    chosen = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        cache = ModelCache(Path(directory))
        listener = CTranslate2Engine("base", cache=cache, threads=2)
        await listener.load()
        voices: tuple[Synthesizer, ...] = (HibariEngine(threads=2), EspnetEngine(cache=cache, threads=2))
        for voice in voices:
            await voice.load()
            asked, missed, whole = Counter[str](), Counter[str](), 0
            for _ in range(count):
                code = "".join(chosen.choice(letters if place == "L" else DIGITS) for place in PATTERN)
                sound = over_a_telephone(await _say(voice, f"The reference is {code}."), voice.sample_rate)
                heard = await _hear(listener, sound)
                asked.update(code)
                whole += heard == code
                for kind, start, end, first, last in SequenceMatcher(None, code, heard, autojunk=False).get_opcodes():
                    if kind != "equal":
                        missed.update(code[start:end])
                        sys.stdout.write(f"    {code} heard as {heard}: {code[start:end]} > {heard[first:last]}\n")
            wrong = {each: f"{missed[each]}/{asked[each]}" for each in sorted(asked) if missed[each]}
            sys.stdout.write(f"{voice.info.engine:8} {whole} of {count} heard whole; misheard: {wrong}\n")
            await voice.close()
        await listener.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", default=LETTERS)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    alphabet = string.ascii_uppercase if arguments.letters == "all" else arguments.letters
    asyncio.run(main(alphabet, arguments.count, arguments.seed))
