"""How a Whisper of either make listens to a whole recording: speech only, piece by piece, doubting what it heard.

Whisper was trained on windows of 30 seconds and is usually run on them, silence and all. Its encoder takes shorter ones
too, at a cost that falls with their length; given at least ten seconds, and some silence behind the speech, the words
stay the same. Where they do not, the piece is heard again the usual way.

What makes a result doubtful, and the remedies, are those of Radford et al., "Robust Speech Recognition via Large-Scale
Weak Supervision" (arXiv:2212.04356), section 4.5.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from db.errors import EngineUnavailable
from inference.engines.spoken_language import SpokenLanguage, spoken_language
from inference.engines.wordless import laughter, repetitive, utterable
from inference.ports import SAMPLE_RATE, Samples, Segment, Transcript, TranscriptPartial
from inference.vad import SpeechDetector, Stretch, cut_at_pauses, find_speech

#: Seconds of audio that Whisper was trained on at a time.
WINDOW = 30.0

#: The shortest context, and the least silence behind the speech, with which the words stay the same.
_LEAST_CONTEXT = 10.0
_SILENCE_BEHIND = 3.0

#: Tokens a piece may have; a model that gets so far has not found its end.
MOST_TOKENS = 224

#: Less likely words than these are guesses; with this probability of no speech they are no words at all.
_UNLIKELY = -1.0
_NO_SPEECH = 0.6

#: Temperatures of the later attempts, each with the whole window.
_LATER_TEMPERATURES = (0.0, 0.4, 0.8)

#: Beams of the first attempts, for languages of which Whisper knows less than of English. Measured on base
#: (tests/quality/asr.py): English gains nothing by them; other languages a fifth of their errors and more.
BEAMS = 5

#: Shorter pieces do not tell their language.
_TELLING_SECONDS = 2.0

#: How much likelier its words must be, in log probability a token, for another language than the expected one.
_OTHER_MARGIN = 0.1

_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "my", "yue")

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a model made of a piece. ``average_log_probability`` is over its tokens; the end mark counts as one."""

    text: str
    tokens: int
    average_log_probability: float
    no_speech_probability: float

    @property
    def repetitive(self) -> bool:
        return repetitive(self.text)

    @property
    def wordless(self) -> bool:
        unlikely = self.average_log_probability < _UNLIKELY
        return not self.text or (unlikely and self.no_speech_probability > _NO_SPEECH)

    @property
    def doubtful(self) -> bool:
        return not self.wordless and (self.repetitive or self.average_log_probability < _UNLIKELY)


class WhisperModel(Protocol[F]):
    """The three things a Whisper does; ``F`` is what its encoder makes. Not thread-safe."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes; one alone for a model of one language."""
        ...

    def encode(self, samples: Samples, seconds: float) -> F:
        """Features of the samples, filled up with silence to ``seconds`` (10..30, a multiple of 0.02)."""
        ...

    def language_probabilities(self, features: F) -> Mapping[str, float]:
        """The probability of each language; they sum up to 1."""
        ...

    def decode(
        self, features: F, language: str, temperature: float, stop: threading.Event, *, beams: int = 1
    ) -> Decoded:
        """The words: by beam search at temperature 0, else sampled. Raises Stopped soon after ``stop`` is set."""
        ...


class Stopped(Exception):
    """Nobody waits for the words any more."""


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
                heard = _Piece(model, samples[piece.start : piece.end], stop, trimmed=self.trimmed, beams=self.beams)
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

    def listen(self, piece: _Piece) -> Decoded:
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
        if other.doubtful or other.average_log_probability < decoded.average_log_probability + _OTHER_MARGIN:
            piece.notes = notes
            return decoded
        self.language = self.other = found.other
        self._settled = True
        return other


class _Piece:
    """One piece being heard, as often as it takes."""

    def __init__(
        self, model: WhisperModel[F], samples: Samples, stop: threading.Event, *, trimmed: bool, beams: int
    ) -> None:
        self._model: WhisperModel[Any] = model
        self._samples = samples
        self._stop = stop
        self._trimmed = trimmed
        self._beams = beams
        self._encoded: tuple[float, Any] | None = None
        self.notes: dict[str, Any] = {}

    @property
    def seconds(self) -> float:
        return self._samples.size / SAMPLE_RATE

    def language_probabilities(self) -> Mapping[str, float]:
        return self._model.language_probabilities(self._features(self._context()))

    def listen(self, language: str) -> Decoded:
        """The best of as many attempts as it took; ``notes`` tells of it, and whether it is ``dropped``.

        Of attempts that all repeat themselves none has words. A repetition that two of them agree on is believed if a
        person can utter it in the time.
        """
        beams = 1 if language == "en" else self._beams
        attempts = [(self._context(), 0.0)]
        attempts += [(WINDOW, heat) for heat in _LATER_TEMPERATURES if (WINDOW, heat) not in attempts]
        tried: list[tuple[Decoded, float, float]] = []
        looping = False
        for seconds, temperature in attempts:
            decoded = self._model.decode(self._features(seconds), language, temperature, self._stop, beams=beams)
            agreed = decoded.tokens < MOST_TOKENS and any(_same(decoded, earlier) for earlier, _, _ in tried)
            agreed = agreed and (not decoded.repetitive or utterable(decoded.text, self.seconds))
            tried.append((decoded, seconds, temperature))
            if agreed or not decoded.doubtful:  # who repeats himself is heard so twice
                break
        else:
            tried.sort(key=lambda each: (not each[0].repetitive, each[0].average_log_probability))
            looping = tried[-1][0].repetitive
        decoded, seconds, temperature = tried[-1]
        self.notes = {
            "context_seconds": seconds,
            "temperature": temperature,
            "attempts": len(tried),
            "no_speech_probability": round(decoded.no_speech_probability, 4),
            "average_log_probability": round(decoded.average_log_probability, 4),
            "dropped": decoded.wordless or looping or laughter(decoded.text, language),
        }
        return decoded

    def _context(self) -> float:
        needed = math.ceil((self._samples.size / SAMPLE_RATE + _SILENCE_BEHIND) * 50) / 50
        return min(WINDOW, max(_LEAST_CONTEXT, needed)) if self._trimmed else WINDOW

    def _features(self, seconds: float) -> Any:
        if self._stop.is_set():
            raise Stopped
        if self._encoded is None or self._encoded[0] != seconds:
            self._encoded = seconds, self._model.encode(self._samples, seconds)
        return self._encoded[1]


def _same(one: Decoded, other: Decoded) -> bool:
    plain, other_plain = ([c for c in each.text.lower() if c.isalnum()] for each in (one, other))
    return plain == other_plain


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
