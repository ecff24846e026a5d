"""Long-form transcription with Whisper: voice activity detection, pieces cut at pauses, language detection."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from db.errors import EngineUnavailable
from inference.audio.vad import Region, SpeechDetector, cut_at_pauses, find_speech
from inference.engines.whisper.decoding import Decoded, PieceDecoder, Stopped, WhisperModel
from inference.engines.whisper.spoken_language import SpokenLanguage, spoken_language
from inference.ports import SAMPLE_RATE, Samples, Segment, Transcript, TranscriptPartial

#: Width of the beam search for languages other than English, where it lowers the word error rate of difficult speech.
#: English is decoded greedily: it gains nothing (docs/explanation/speech-recognition.md).
BEAMS = 5

#: The language of shorter pieces cannot be detected reliably.
_MIN_DETECTION_SECONDS = 2.0

#: Average log probability that a transcript in an unexpected language needs, and its margin over the expected one's:
#: synthetic Spanish was once transcribed as Thai with -0.78.
_MIN_OTHER_LOG_PROBABILITY = -0.6
_OTHER_MARGIN = 0.1

_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "my")

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class LongFormTranscriber:
    """Transcribes recordings of any length, at 16 kHz.

    ``piece_seconds``: the longest piece, at most 28; short pieces give early partials. ``trimmed``: whether the encoder
    may run on windows of less than 30 seconds. ``beams``: width of the beam search, for languages other than English.
    """

    detector: SpeechDetector
    piece_seconds: float = 28.0
    trimmed: bool = True
    beams: int = BEAMS

    def transcribe(
        self,
        model: WhisperModel[F],
        samples: Samples,
        language: str | None,
        stop: threading.Event,
        *,
        among: Sequence[str] = (),
    ) -> Iterator[TranscriptPartial | Transcript]:
        """Yields a partial after each piece with words, then the Transcript; ends without it once ``stop`` is set.

        ``language`` and ``among`` as in ``ports.Transcriber``. Raises EngineUnavailable for an unknown language.
        """
        if language is not None and language not in model.languages:
            raise EngineUnavailable(f"The speech recognition model does not know the language {language!r}.")
        probabilities = self.detector.probabilities(samples)
        speech = find_speech(probabilities)
        details: dict[str, Any] = {"speech_seconds": round(sum(each.seconds for each in speech), 2), "pieces": []}
        if not speech:
            details["skipped"] = "no speech"
        expected = (language,) if language else tuple(each for each in among if each in model.languages)
        spoken = LanguageTracker(expected or model.languages, given=language is not None)
        segments: list[Segment] = []
        tokens = 0
        try:
            for piece in cut_at_pauses(probabilities, samples.size, max_seconds=self.piece_seconds):
                decoder = PieceDecoder(
                    model, samples[piece.start : piece.end], stop, trimmed=self.trimmed, beams=self.beams
                )
                decoded = spoken.decode(decoder)
                tokens += decoded.tokens
                details["pieces"].append(decoder.details)
                if not decoder.details["dropped"]:
                    segments.append(segment_of(decoded, piece, speech))
                    yield TranscriptPartial(joined(segments, spoken.language))
        except Stopped:
            return
        if spoken.found is not None:
            details["language_probability"] = spoken.found.probability
        transcript_language = spoken.language if spoken.found is not None else language
        text = joined(segments, transcript_language)
        unexpected = spoken.other if text else None
        yield Transcript(
            text,
            transcript_language,
            tuple(segments),
            output_tokens=tokens,
            unexpected_language=unexpected,
            details=details,
        )


class LanguageTracker:
    """Detects the language of a recording, piece by piece until it is certain."""

    def __init__(self, expected: Sequence[str], *, given: bool) -> None:
        self._expected = expected
        self._given = given
        self._settled = False
        self.language = expected[0]
        #: The detected language, if it is not an expected one.
        self.other: str | None = None
        self.found: SpokenLanguage | None = None

    def decode(self, piece: PieceDecoder) -> Decoded:
        """Decodes a piece in the expected language, or in another one that is certain."""
        if self._settled or (self._given and piece.seconds < _MIN_DETECTION_SECONDS):
            return piece.decode(self.language)
        found = spoken_language(piece.language_probabilities(), self._expected)
        self.found, self.language, self._settled = found, found.language, found.settled
        decoded = piece.decode(found.language)
        if found.other is None or piece.seconds < _MIN_DETECTION_SECONDS:
            return decoded
        details = piece.details
        other = piece.decode(found.other)
        needed = max(_MIN_OTHER_LOG_PROBABILITY, decoded.average_log_probability + _OTHER_MARGIN)
        if other.doubtful or other.average_log_probability < needed:
            piece.details = details
            return decoded
        self.language = self.other = found.other
        self._settled = True
        return other


def segment_of(decoded: Decoded, piece: Region, speech: list[Region]) -> Segment:
    within = [each for each in speech if each.end > piece.start and each.start < piece.end]
    return Segment(
        start=max(piece.start, within[0].start) / SAMPLE_RATE,
        end=min(piece.end, within[-1].end) / SAMPLE_RATE,
        text=decoded.text,
        confidence=min(1.0, math.exp(decoded.average_log_probability)),
    )


def joined(segments: list[Segment], language: str | None) -> str:
    return ("" if language in _WITHOUT_SPACES else " ").join(segment.text for segment in segments)
