"""How a Whisper of either make listens to a whole recording: speech only, piece by piece, in the language spoken."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from db.errors import EngineUnavailable
from inference.audio.vad import SpeechDetector, Stretch, cut_at_pauses, find_speech
from inference.engines.whisper.decoding import Decoded, Piece, Stopped, WhisperModel
from inference.engines.whisper.spoken_language import SpokenLanguage, spoken_language
from inference.ports import SAMPLE_RATE, Samples, Segment, Transcript, TranscriptPartial

#: Beams of the first attempts, for languages of which Whisper knows less than of English: more words are right where
#: speech is hard to understand, and English gains nothing (docs/explanation/speech-recognition.md).
BEAMS = 5

#: Shorter pieces do not tell their language.
_TELLING_SECONDS = 2.0

#: Log probability a token that words in another language than the expected one need, and how much more than the
#: expected one's that is: robotic Spanish has been read as Thai of -0.78.
_OTHER_LIKELY = -0.6
_OTHER_MARGIN = 0.1

_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "my")

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Listening:
    """How to listen. ``piece_seconds``: the longest piece heard at a time, at most 28; short ones give early partials.

    ``trimmed``: whether the encoder may see less than 30 seconds. ``beams``: how many for languages but English.
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
        """A partial after each piece that had words, then the Transcript; ends without one once ``stop`` is set.

        ``language`` and ``among`` as in ``ports.Transcriber``.
        """
        if language is not None and language not in model.languages:
            raise EngineUnavailable(f"The speech recognition model does not know the language {language!r}.")
        probabilities = self.detector.probabilities(samples)
        speech = find_speech(probabilities)
        notes: dict[str, Any] = {"speech_seconds": round(sum(each.seconds for each in speech), 2), "pieces": []}
        if not speech:
            notes["skipped"] = "no speech"
        expected = (language,) if language else tuple(each for each in among if each in model.languages)
        spoken = _Language(expected or model.languages, given=language is not None)
        segments: list[Segment] = []
        tokens = 0
        try:
            for piece in cut_at_pauses(probabilities, samples.size, max_seconds=self.piece_seconds):
                heard = Piece(model, samples[piece.start : piece.end], stop, trimmed=self.trimmed, beams=self.beams)
                decoded = spoken.listen(heard)
                tokens += decoded.tokens
                notes["pieces"].append(heard.notes)
                if not heard.notes["dropped"]:
                    segments.append(_segment(decoded, piece, speech))
                    yield TranscriptPartial(_joined(segments, spoken.language))
        except Stopped:
            return
        if spoken.found is not None:
            notes["language_probability"] = spoken.found.probability
        heard_in = spoken.language if spoken.found is not None else language
        text = _joined(segments, heard_in)
        unexpected = spoken.other if text else None
        yield Transcript(
            text,
            heard_in,
            tuple(segments),
            output_tokens=tokens,
            unexpected_language=unexpected,
            details=notes,
        )


class _Language:
    """The language of one recording, settled as soon as a piece tells it."""

    def __init__(self, expected: Sequence[str], *, given: bool) -> None:
        self._expected = expected
        self._given = given
        self._settled = False
        self.language = expected[0]
        #: The language if it is none of the expected ones.
        self.other: str | None = None
        self.found: SpokenLanguage | None = None

    def listen(self, piece: Piece) -> Decoded:
        """Hears a piece, in the expected language or in another that it is for certain."""
        if self._settled or (self._given and piece.seconds < _TELLING_SECONDS):
            return piece.listen(self.language)
        found = spoken_language(piece.language_probabilities(), self._expected)
        self.found, self.language, self._settled = found, found.language, found.settled
        decoded = piece.listen(found.language)
        if found.other is None or piece.seconds < _TELLING_SECONDS:
            return decoded
        notes = piece.notes
        other = piece.listen(found.other)
        needed = max(_OTHER_LIKELY, decoded.average_log_probability + _OTHER_MARGIN)
        if other.doubtful or other.average_log_probability < needed:
            piece.notes = notes
            return decoded
        self.language = self.other = found.other
        self._settled = True
        return other


def _segment(decoded: Decoded, piece: Stretch, speech: list[Stretch]) -> Segment:
    within = [each for each in speech if each.end > piece.start and each.start < piece.end]
    return Segment(
        start=max(piece.start, within[0].start) / SAMPLE_RATE,
        end=min(piece.end, within[-1].end) / SAMPLE_RATE,
        text=decoded.text,
        confidence=min(1.0, math.exp(decoded.average_log_probability)),
    )


def _joined(segments: list[Segment], language: str | None) -> str:
    return ("" if language in _WITHOUT_SPACES else " ").join(segment.text for segment in segments)
