"""Contract tests for transcribers (``inference.ports.Transcriber``)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import ClassVar, cast

import numpy as np
import pytest

from inference.ports import SAMPLE_RATE, Samples, Transcriber, Transcript, TranscriptPartial
from inference.testing.engine import EngineContract
from inference.testing.word_errors import word_errors, words

Heard = tuple[list[TranscriptPartial], Transcript]


async def hear(engine: Transcriber, samples: Samples, language: str | None = "en") -> Heard:
    """Transcribes samples at 16 kHz; asserts that the items are partials, and then one Transcript."""
    items = [item async for item in engine.transcribe(samples, language=language)]
    assert items
    assert isinstance(items[-1], Transcript)
    partials = items[:-1]
    assert all(isinstance(item, TranscriptPartial) for item in partials)
    return cast(list[TranscriptPartial], partials), items[-1]


class TranscriberContract(EngineContract):
    """Base class. A subclass has the fixtures ``engine``, loaded, and ``speech``: two seconds or more, at 16 kHz.

    ``said``: the words of ``speech``. ``language``: its language, ISO 639-1. ``mistakes``: the most word errors.
    """

    said: str
    language = "en"
    mistakes = 1

    #: What the latest engine has heard: recognition takes longer than every check of it.
    _known: ClassVar[tuple[Transcriber | None, dict[bytes, Heard]]] = (None, {})

    async def _heard(self, engine: Transcriber, speech: Samples) -> Heard:
        """What is heard in ``speech``, transcribed once for all tests of an engine."""
        if TranscriberContract._known[0] is not engine:
            TranscriberContract._known = (engine, {})
        known = TranscriberContract._known[1]
        sound = speech.tobytes()
        if sound not in known:
            known[sound] = await hear(engine, speech, self.language)
        return known[sound]

    def errors(self, transcript: Transcript) -> int:
        """Number of word errors of a transcript of ``said``."""
        return word_errors(words(self.said), words(transcript.text))

    async def test_partials_then_one_transcript(self, engine: Transcriber, speech: Samples) -> None:
        partials, transcript = await self._heard(engine, speech)
        assert partials
        assert partials[-1].text == transcript.text
        lengths = [len(partial.text) for partial in partials]
        assert lengths == sorted(lengths)

    async def test_speech_is_understood(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await self._heard(engine, speech)
        assert self.errors(transcript) <= self.mistakes
        assert transcript.language == self.language
        assert transcript.output_tokens is None or transcript.output_tokens > 0

    async def test_segments_cover_the_text_within_the_recording(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await self._heard(engine, speech)
        assert " ".join(segment.text for segment in transcript.segments) == transcript.text
        end = 0.0
        for segment in transcript.segments:
            assert end <= segment.start < segment.end <= speech.size / SAMPLE_RATE
            assert 0.3 < segment.confidence <= 1.0
            end = segment.end

    async def test_details_can_be_stored(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await self._heard(engine, speech)
        json.dumps(dict(transcript.details))

    @pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 5.0])
    @pytest.mark.parametrize("given", [True, False])
    async def test_silence_has_no_words(self, engine: Transcriber, seconds: float, given: bool) -> None:
        language = self.language if given else None
        partials, transcript = await hear(engine, np.zeros(int(seconds * SAMPLE_RATE), np.float32), language)
        assert not partials
        assert (transcript.text, transcript.segments, transcript.language) == ("", (), language)

    async def test_the_language_is_detected(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech, None)
        assert transcript.language == self.language

    async def test_one_recording_after_another_is_heard_the_same(self, engine: Transcriber, speech: Samples) -> None:
        assert await self._heard(engine, speech) == await hear(engine, speech, self.language)

    async def test_two_at_once_do_not_mix(self, engine: Transcriber, speech: Samples) -> None:
        silence = np.zeros(SAMPLE_RATE, np.float32)
        (_, first), (_, quiet), (_, second) = await asyncio.gather(
            hear(engine, speech, self.language), hear(engine, silence), hear(engine, speech, self.language)
        )
        assert first == second
        assert quiet.text == ""

    async def test_closing_early_leaves_it_usable(self, engine: Transcriber, speech: Samples) -> None:
        items = cast("AsyncGenerator[object, None]", engine.transcribe(speech, language=self.language))
        async with aclosing(items):
            async for _ in items:
                break
        _, transcript = await hear(engine, speech, self.language)
        assert self.errors(transcript) <= self.mistakes

    async def test_being_cancelled_leaves_it_usable(self, engine: Transcriber, speech: Samples) -> None:
        task = asyncio.create_task(hear(engine, np.tile(speech, 5), self.language))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _, transcript = await hear(engine, speech, self.language)
        assert self.errors(transcript) <= self.mistakes
