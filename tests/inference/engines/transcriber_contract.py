"""What every Transcriber does, the fake and the real ones; each test module names its engine and what it hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast

import numpy as np
import pytest

from inference.ports import Samples, Transcriber, Transcript, TranscriptPartial
from tests.speech_samples import clips, word_errors

Heard = tuple[list[TranscriptPartial], Transcript]


async def hear(engine: Transcriber, samples: Samples, language: str | None = "en") -> Heard:
    """The partials and the transcript; fails unless exactly one transcript came, last."""
    items = [item async for item in engine.transcribe(samples, language=language)]
    assert items
    assert isinstance(items[-1], Transcript)
    partials = items[:-1]
    assert all(isinstance(item, TranscriptPartial) for item in partials)
    return cast(list[TranscriptPartial], partials), items[-1]


class TranscriberContract:
    """A subclass has a fixture ``engine``, loaded, and says what the engine makes of jfk.wav."""

    said = clips()["jfk"].text

    @pytest.fixture
    def speech(self) -> Samples:
        return clips()["jfk"].samples

    async def test_partials_then_one_transcript(self, engine: Transcriber, speech: Samples) -> None:
        partials, transcript = await hear(engine, speech)
        assert partials
        assert partials[-1].text == transcript.text
        lengths = [len(partial.text) for partial in partials]
        assert lengths == sorted(lengths)

    async def test_speech_is_understood(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech)
        assert word_errors(self.said, transcript.text) <= 1
        assert transcript.language == "en"
        assert transcript.output_tokens is not None
        assert transcript.output_tokens > 0

    async def test_segments_cover_the_text_within_the_recording(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech)
        assert " ".join(segment.text for segment in transcript.segments) == transcript.text
        end = 0.0
        for segment in transcript.segments:
            assert end <= segment.start < segment.end <= speech.size / 16_000
            assert 0.3 < segment.confidence <= 1.0
            end = segment.end

    async def test_details_can_be_stored(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech)
        json.dumps(dict(transcript.details))

    @pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 5.0])
    @pytest.mark.parametrize("language", ["en", None])
    async def test_silence_has_no_words(self, engine: Transcriber, seconds: float, language: str | None) -> None:
        partials, transcript = await hear(engine, np.zeros(int(seconds * 16_000), np.float32), language)
        assert not partials
        assert (transcript.text, transcript.segments, transcript.language) == ("", (), language)

    async def test_the_language_is_detected(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech, None)
        assert transcript.language == "en"

    async def test_one_recording_after_another_is_heard_the_same(self, engine: Transcriber, speech: Samples) -> None:
        assert (await hear(engine, speech)) == (await hear(engine, speech))

    async def test_two_at_once_do_not_mix(self, engine: Transcriber, speech: Samples) -> None:
        silence = np.zeros(16_000, np.float32)
        (_, first), (_, quiet), (_, second) = await asyncio.gather(
            hear(engine, speech), hear(engine, silence), hear(engine, speech)
        )
        assert first == second
        assert quiet.text == ""

    async def test_closing_early_leaves_it_usable(self, engine: Transcriber, speech: Samples) -> None:
        items = cast(AsyncIterator[object], engine.transcribe(speech, language="en"))
        async with aclosing(items):  # type: ignore[type-var]
            async for _ in items:
                break
        _, transcript = await hear(engine, speech)
        assert word_errors(self.said, transcript.text) <= 1

    async def test_being_cancelled_leaves_it_usable(self, engine: Transcriber, speech: Samples) -> None:
        task = asyncio.create_task(hear(engine, np.tile(speech, 5)))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _, transcript = await hear(engine, speech)
        assert word_errors(self.said, transcript.text) <= 1

    def test_it_says_who_it_is(self, engine: Transcriber) -> None:
        assert engine.info.engine
        assert engine.info.model
        assert engine.concurrency >= 1
