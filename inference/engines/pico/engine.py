"""The engine ``pico``: SVOX Pico, a small HMM synthesizer, in a subprocess; 16 kHz.

It speaks German, English, French, Italian and Spanish a hundred times faster than real time, with the voice of a
navigation device.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np

from db.errors import EngineUnavailable
from db.subprocesses.child import Child, ChildDied
from inference.engines.synthesizer_base import PIECE, pieces_of, trim_and_fade
from inference.ports import EngineInfo, Samples, Speech

_ARGUMENTS: tuple[str, ...] = ("-P", "-m", "inference.engines.pico.process")
_SAMPLE_RATE = 16_000

#: Seconds for one piece, of which the longest takes a tenth on an idle machine.
_ANSWER_SECONDS = 10.0

#: Bytes of an answer: 60 seconds of samples of 16 bits. A piece of text takes up to 20.
_MAX_ANSWER = 60 * _SAMPLE_RATE * 2

#: The voices by language; the first is the default.
_VOICES = {
    "de": ("de-DE",),
    "en": ("en-US", "en-GB"),
    "es": ("es-ES",),
    "fr": ("fr-FR",),
    "it": ("it-IT",),
}
LANGUAGES = tuple(_VOICES)


class PicoEngine:
    """A Synthesizer. ``languages``: those of ``LANGUAGES`` to speak. ``voice``: such as "de-DE", in its language.

    One subprocess speaks for all turns, which take turns on it for each piece. It is killed when a piece is cancelled,
    takes too long or gives too much, and started again for the next one.
    """

    def __init__(self, *, languages: Sequence[str] = ("de",), concurrency: int = 4) -> None:
        self.concurrency = concurrency
        voices = [(voice, language) for language in languages for voice in _VOICES[language]]
        names, spoken = tuple(voice for voice, _ in voices), tuple(language for _, language in voices)
        self.info = EngineInfo("pico", "svox-pico", tuple(languages), names, spoken)
        self._child: Child | None = None
        self._loaded = False
        self._busy = asyncio.Lock()

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return _SAMPLE_RATE

    async def load(self) -> None:
        import py_nanotts  # noqa: F401, PLC0415  found missing here, not when the worker starts

        async with self._busy:
            if self._child is None:
                self._child = await self._start()
        self._loaded = True

    async def close(self) -> None:
        self._loaded = False
        async with self._busy:
            await self._drop_child()

    def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncIterator[Speech]:
        if not self._loaded:
            raise self._unavailable("is not loaded")
        if language not in self.info.languages:
            raise self._unavailable("does not speak this language")
        if voice is not None and voice not in _VOICES[language]:
            raise self._unavailable("does not have this voice")
        return self._pieces(text, language, voice or _VOICES[language][0])

    async def _pieces(self, text: str, language: str, voice: str) -> AsyncIterator[Speech]:
        pieces = await asyncio.to_thread(pieces_of, text, language, longest=PIECE)
        said = ""
        for piece, written in pieces:
            samples = await self._say(piece, voice)
            said += written
            if samples.size:
                yield Speech(trim_and_fade(samples, _SAMPLE_RATE), _SAMPLE_RATE, said)
                said = ""

    async def _say(self, words: str, voice: str) -> Samples:
        async with self._busy:
            child = self._child if self._child is not None and self._child.alive else await self._restart()
            answered = False
            try:
                header, data = await child.exchange(
                    {"voice": voice}, words.encode(), seconds=_ANSWER_SECONDS, max_size=_MAX_ANSWER
                )
                answered = header.get("error") is None and len(data) % 2 == 0
            except ChildDied as death:
                raise self._unavailable(f"failed to synthesize ({death.cause})") from None
            finally:
                if not answered:  # cancelled too: the rest of the answer must not be taken for the next one
                    await self._drop_child()
        if not answered:
            raise self._unavailable(f"failed to synthesize ({header.get('error')})")
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)

    async def _restart(self) -> Child:
        await self._drop_child()
        self._child = await self._start()
        return self._child

    async def _start(self) -> Child:
        try:
            return await Child.start(_ARGUMENTS)
        except ChildDied:
            raise self._unavailable("cannot start its subprocess") from None

    async def _drop_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.kill()

    def _unavailable(self, why: str) -> EngineUnavailable:
        return EngineUnavailable(f"{self.info.engine} ({self.info.model}) {why}.")
