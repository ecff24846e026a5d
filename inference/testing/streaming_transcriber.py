"""Contract tests for streaming transcribers (``inference.ports.StreamingTranscriber``)."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from inference.ports import SAMPLE_RATE, RecognitionStream, Samples, StreamingTranscriber, Transcript
from inference.testing.engine import EngineContract
from inference.testing.word_errors import word_errors, words

#: Samples of the pieces in which audio arrives: 20 ms, and two sizes that fit no frame.
FRAMES = (320, 1, 777)


async def speak(stream: RecognitionStream, samples: Samples, *, frame: int = 320) -> list[str]:
    """Feeds samples piece by piece, as fast as the engine answers; returns the partials, one for each 0.4 s at most."""
    partials: list[str] = []
    asked = 0
    for at in range(0, samples.size, frame):
        stream.feed(samples[at : at + frame])
        if at - asked >= 0.4 * SAMPLE_RATE:
            asked = at
            partials += [text for text in [await stream.partial()] if text is not None]
    return partials


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


class StreamingTranscriberContract(EngineContract):
    """Base class. A subclass has the fixtures ``engine``, loaded, and ``speech``: two seconds or more, at 16 kHz.

    ``said``: the words of ``speech``. ``language``: its language, ISO 639-1. ``mistakes``: the most word errors, in a
    final transcript; partials may have twice as many and two.
    """

    said: str
    language = "en"
    mistakes = 1

    def errors(self, text: str, *, times: int = 1) -> int:
        """Number of word errors of a text that should be ``said``, so many times."""
        return word_errors(words(self.said) * times, words(text))

    async def test_partials_grow_into_the_transcript(self, engine: StreamingTranscriber, speech: Samples) -> None:
        stream = engine.listen(language=self.language)
        partials = await speak(stream, speech)
        assert len(partials) > 2
        assert all(partials)
        assert len(words(partials[0])) < len(words(self.said)) / 2
        assert self.errors(partials[-1]) <= 2 * self.mistakes + 2
        transcript = await stream.final()
        assert self.errors(transcript.text) <= self.mistakes
        assert transcript.language == self.language
        assert transcript.output_tokens is None or transcript.output_tokens > 0
        await stream.close()

    async def test_segments_cover_the_text_within_the_audio(
        self, engine: StreamingTranscriber, speech: Samples
    ) -> None:
        stream = engine.listen(language=self.language)
        await speak(stream, speech)
        transcript = await stream.final()
        assert " ".join(segment.text for segment in transcript.segments) == transcript.text
        end = 0.0
        for segment in transcript.segments:
            assert end <= segment.start < segment.end <= speech.size / SAMPLE_RATE + 0.01
            assert 0.3 < segment.confidence <= 1.0
            end = segment.end
        json.dumps(dict(transcript.details))
        await stream.close()

    @pytest.mark.parametrize("frame", FRAMES)
    async def test_frames_of_any_size_are_heard_the_same(
        self, engine: StreamingTranscriber, speech: Samples, frame: int
    ) -> None:
        texts: list[str] = []
        for size in (frame, speech.size):
            stream = engine.listen(language=self.language)
            for at in range(0, speech.size, size):
                stream.feed(speech[at : at + size])
            texts.append((await stream.final()).text)
            await stream.close()
        assert texts[0] == texts[1]

    async def test_nothing_new_gives_no_partial(self, engine: StreamingTranscriber, speech: Samples) -> None:
        stream = engine.listen(language=self.language)
        assert await stream.partial() is None
        stream.feed(speech)
        assert await stream.partial()
        assert await stream.partial() is None
        await stream.close()

    @pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 5.0])
    @pytest.mark.parametrize("given", [True, False])
    async def test_silence_has_no_words(self, engine: StreamingTranscriber, seconds: float, given: bool) -> None:
        language = self.language if given else None
        stream = engine.listen(language=language)
        assert await speak(stream, silence(seconds)) == []
        stream.pause()
        transcript = await stream.final()
        assert (transcript.text, transcript.segments, transcript.language) == ("", (), language)
        await stream.close()

    async def test_the_language_is_detected(self, engine: StreamingTranscriber, speech: Samples) -> None:
        stream = engine.listen(language=None)
        await speak(stream, speech)
        transcript = await stream.final()
        assert transcript.language == self.language
        assert self.errors(transcript.text) <= self.mistakes
        await stream.close()

    async def test_a_final_may_be_asked_again_and_the_caller_may_go_on(
        self, engine: StreamingTranscriber, speech: Samples
    ) -> None:
        stream = engine.listen(language=self.language)
        half = speech.size // 2
        await speak(stream, speech[:half])
        first = await stream.final()
        assert len(words(first.text)) < len(words(self.said))
        await speak(stream, speech[half:])
        second = await stream.final()
        stream.feed(silence(0.3))
        assert (await stream.final()).text == second.text
        assert self.errors(second.text) <= self.mistakes + 1  # cut within a word, perhaps
        await stream.close()

    async def test_what_was_said_before_a_pause_is_kept(self, engine: StreamingTranscriber, speech: Samples) -> None:
        stream = engine.listen(language=self.language)
        await speak(stream, speech)
        before = await stream.final()
        stream.pause()
        await speak(stream, silence(0.8))
        stream.pause()
        await speak(stream, silence(0.4))
        assert (await stream.final()).text.startswith(before.text)
        await stream.close()

    async def test_a_cancelled_final_leaves_the_stream_usable(
        self, engine: StreamingTranscriber, speech: Samples
    ) -> None:
        stream = engine.listen(language=self.language)
        stream.feed(speech)
        cancelled = asyncio.create_task(stream.final())
        await asyncio.sleep(0.01)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        assert self.errors((await stream.final()).text) <= self.mistakes
        await stream.close()

    async def test_two_at_once_do_not_mix(self, engine: StreamingTranscriber, speech: Samples) -> None:
        async def heard(samples: Samples) -> Transcript:
            stream = engine.listen(language=self.language)
            await speak(stream, samples)
            transcript = await stream.final()
            await stream.close()
            return transcript

        first, quiet, second = await asyncio.gather(heard(speech), heard(silence(1.0)), heard(speech))
        assert first.text == second.text
        assert quiet.text == ""

    async def test_closing_in_the_middle_leaves_the_engine_usable(
        self, engine: StreamingTranscriber, speech: Samples
    ) -> None:
        stream = engine.listen(language=self.language)
        stream.feed(np.concatenate([speech, silence(0.8), speech]))
        stream.pause()
        await asyncio.sleep(0)
        await stream.close()
        await stream.close()
        other = engine.listen(language=self.language)
        other.feed(speech)
        assert self.errors((await other.final()).text) <= self.mistakes
        await other.close()
