"""What is said in one turn: typed messages, DTMF digits and utterances, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from db.audio.encoded import EncodedAudio
from inference.audio.wav import encode_wav
from inference.live.utterance import Utterance
from inference.ports import SAMPLE_RATE, Samples

_WAV = "audio/wav"


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed message, or DTMF digits."""

    text: str
    digits: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of a turn. Messages that ask for no answer, and audio that the client commits, are kept as such."""

    parts: tuple[Typed | Utterance, ...] = ()

    def and_then(self, part: Typed | Utterance) -> Said:
        return Said((*self.parts, part))

    def after(self, before: Said) -> Said:
        return Said((*before.parts, *self.parts))

    def text(self, words: str) -> str:
        """The text of all of it. ``words``: of the utterance that it ends with and those that it went on with."""
        last = self.utterance
        return _joined(words if part is last else _text(part) for part in self.parts)

    def text_apart(self) -> str:
        """The text of all of it by the words of each utterance."""
        return _joined(part.text if isinstance(part, Typed) else part.words for part in self.parts)

    @property
    def empty(self) -> bool:
        return not self.parts

    @property
    def utterance(self) -> Utterance | None:
        """The utterance that the turn ends with; None if it ends with a typed message."""
        last = self.parts[-1] if self.parts else None
        return last if isinstance(last, Utterance) else None

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(part for part in self.parts if isinstance(part, Utterance))

    @property
    def digits(self) -> bool:
        """Whether all of it is DTMF digits."""
        return not self.empty and all(isinstance(part, Typed) and part.digits for part in self.parts)

    @property
    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *(each.samples for each in self.utterances)])

    async def close(self) -> None:
        """Closes the recognitions."""
        for each in self.utterances:
            await each.close()


def _joined(texts: Iterable[str]) -> str:
    return " ".join(text for text in texts if text)


def _text(part: Typed | Utterance) -> str:
    if isinstance(part, Typed):
        return part.text
    return "" if part.continued else part.words


async def encoded(samples: Samples) -> EncodedAudio | None:
    """The audio of a turn as a WAV file; None if there is none."""
    if not samples.size:
        return None
    data = await asyncio.to_thread(encode_wav, samples, SAMPLE_RATE)
    return EncodedAudio(data, _WAV, max(1, round(samples.size / SAMPLE_RATE * 1000)), SAMPLE_RATE)
