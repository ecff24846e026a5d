"""Long-form transcription by Whisper with a model of scripted answers: pieces, temperature fallback, languages."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.audio.vad import FRAME, SpeechDetector
from inference.engines.whisper.decoding import MAX_TOKENS, Decoded, PieceDecoder, max_tokens
from inference.engines.whisper.hallucination import is_laughter, is_repetitive
from inference.engines.whisper.windowing import BEAMS, LongFormTranscriber
from inference.ports import Samples, Transcript, TranscriptPartial

GOOD = Decoded("good words", 2, -0.2, 0.01)
LOOP = Decoded("and again " * 30, 60, -0.1, 0.01)
#: Twenty words: can be spoken in six seconds, not in one.
REPEATED = Decoded("and again " * 10, 20, -0.1, 0.01)
GUESS = Decoded("a guess", 2, -1.5, 0.1)
NOTHING = Decoded("thank you", 2, -1.5, 0.9)


class FixedSpeech(SpeechDetector):
    """Finds speech at fixed times, in seconds."""

    def __init__(self, *speech: tuple[float, float]) -> None:
        super().__init__()
        self._speech = speech

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        found = np.zeros(-(-samples.size // FRAME), np.float32)
        for start, end in self._speech:
            found[int(start * 16_000 / FRAME) : int(end * 16_000 / FRAME)] = 1.0
        return found


class Scripted:
    """A model that returns ``answers`` in order. ``asked``: (window in seconds, temperature) of each call."""

    languages: tuple[str, ...] = ("en", "de", "ja")

    def __init__(
        self,
        answers: Sequence[Decoded],
        stop_after: int | None = None,
        probabilities: Mapping[str, float] | None = None,
    ) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, float]] = []
        self.encoded: list[float] = []
        self.stop_after = stop_after
        self.probabilities = probabilities or {"de": 0.75, "en": 0.2, "ja": 0.05}
        self.detected = 0
        self.languages_asked: list[str] = []
        self.beams: list[int] = []
        self.limits: list[int] = []

    def encode(self, samples: Samples, seconds: float) -> float:
        self.encoded.append(seconds)
        return seconds

    def language_probabilities(self, features: float) -> Mapping[str, float]:
        self.detected += 1
        return self.probabilities

    def decode(
        self,
        features: float,
        language: str,
        temperature: float,
        stop: threading.Event,
        *,
        beams: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> Decoded:
        self.asked.append((features, temperature))
        self.languages_asked.append(language)
        self.beams.append(beams)
        self.limits.append(max_tokens)
        if self.stop_after == len(self.asked):
            stop.set()
        return self.answers[len(self.asked) - 1]


def run(
    model: Scripted,
    *speech: tuple[float, float],
    seconds: float = 40.0,
    language: str | None = "en",
    among: Sequence[str] = (),
    trimmed: bool = True,
) -> list[TranscriptPartial | Transcript]:
    transcriber = LongFormTranscriber(FixedSpeech(*speech), trimmed=trimmed)
    samples = np.zeros(int(seconds * 16_000), np.float32)
    return list(transcriber.transcribe(model, samples, language, threading.Event(), among=among))


def final(items: list[TranscriptPartial | Transcript]) -> Transcript:
    assert isinstance(items[-1], Transcript)
    return items[-1]


def test_no_speech_asks_no_model() -> None:
    model = Scripted([])
    (transcript,) = run(model)
    assert (final([transcript]).text, model.encoded) == ("", [])
    assert final([transcript]).details == {"speech_seconds": 0.0, "pieces": [], "skipped": "no speech"}


@pytest.mark.parametrize(("speech", "context"), [((1, 3), 10.0), ((1, 13), 15.4), ((1, 28), 30.0)])
def test_the_context_follows_the_speech(speech: tuple[float, float], context: float) -> None:
    model = Scripted([GOOD])
    run(model, speech)
    assert model.encoded[0] == pytest.approx(context, abs=0.05)
    assert model.encoded[0] * 50 == pytest.approx(round(model.encoded[0] * 50))


def test_untrimmed_is_the_whole_window() -> None:
    model = Scripted([GOOD])
    run(model, (1, 3), trimmed=False)
    assert model.encoded == [30.0]


def test_a_loop_is_heard_again_with_the_whole_window() -> None:
    model = Scripted([LOOP, GOOD])
    transcript = final(run(model, (1, 3)))
    assert transcript.text == "good words"
    assert model.asked == [(10.0, 0.0), (30.0, 0.0)]
    assert transcript.details["pieces"][0]["attempts"] == 2


def test_a_short_window_has_a_token_limit_by_its_sound_and_what_is_cut_off_is_heard_again() -> None:
    cut = replace(GOOD, text="good words and", tokens=max_tokens(2.4, "en"))
    model = Scripted([cut, GOOD])
    assert final(run(model, (1, 3))).text == "good words"
    assert model.limits == [pytest.approx(32, abs=1), MAX_TOKENS]
    whole = Scripted([replace(GOOD, tokens=MAX_TOKENS)])
    assert final(run(whole, (1, 3), trimmed=False)).text == "good words"
    assert whole.limits == [MAX_TOKENS]


def test_scripts_whose_words_are_many_tokens_have_a_higher_limit() -> None:
    assert max_tokens(2.0, "ja") > 2 * max_tokens(2.0, "en")
    assert max_tokens(60.0, "en") == MAX_TOKENS


def test_without_patience_the_best_attempt_so_far_is_taken() -> None:
    loop = replace(LOOP, tokens=5)
    for answers, words in (([GUESS], "a guess"), ([loop], "")):
        model = Scripted(answers)
        decoder = PieceDecoder(
            model, np.zeros(32_000, np.float32), threading.Event(), trimmed=True, beams=1, patience=-1.0
        )
        decoded = decoder.decode("en")
        assert ("" if decoder.details["dropped"] else decoded.text) == words
        assert decoder.details["attempts"] == 1


def test_who_repeats_himself_is_believed_when_heard_so_twice() -> None:
    model = Scripted([REPEATED, replace(REPEATED, text=REPEATED.text.upper())])
    assert final(run(model, (1, 8))).text == REPEATED.text.upper()
    assert len(model.asked) == 2


def test_a_repetition_that_nobody_can_utter_in_the_time_is_a_loop() -> None:
    model = Scripted([LOOP] * 4)
    items = run(model, (1, 3))
    assert [final(items).text] == [""]
    assert len(items) == 1
    assert final(items).details["pieces"][0]["dropped"] is True


def test_loops_in_every_attempt_give_no_words() -> None:
    endless = replace(LOOP, tokens=MAX_TOKENS)
    transcript = final(run(Scripted([endless] * 4 + [GOOD]), (1, 3), (9, 12)))
    assert transcript.text == "good words"
    assert [piece["dropped"] for piece in transcript.details["pieces"]] == [True, False]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ha ha ha ha!", "en"),
        ("Hahahaha.", "en"),
        ("Hehehe", "de"),
        ("Jajaja, jaja.", "es"),
        ("Ah, ha, ha, ha", "fr"),
    ],
)
def test_laughter_has_no_words(text: str, language: str) -> None:
    model = Scripted([Decoded(text, 5, -0.3, 0.1)])
    model.languages = ("en", "de", "es", "fr")
    transcript = final(run(model, (1, 2.5), language=language))
    assert (transcript.text, transcript.segments) == ("", ())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ja, ja.", "de"),
        ("no no no", "en"),
        ("He", "en"),
        ("Hahn", "de"),
        ("five five five five five five five", "en"),
        ("555 555 5555", "en"),
        ("Oh, Hannah has it", "en"),
        ("ya, ya", "es"),
    ],
)
def test_words_are_not_laughter(text: str, language: str) -> None:
    assert not is_laughter(text, language)


def test_short_repetitions_are_seen_and_digits_are_not() -> None:
    assert is_repetitive("Thank you. " * 7)
    assert is_repetitive("you you you you you you you")
    assert not is_repetitive("5 5 5 5 5 5 5 5 5")
    assert not is_repetitive("no, no, no, I mean the other one")


def test_then_with_rising_temperature_and_the_best_is_kept() -> None:
    endless = replace(LOOP, tokens=MAX_TOKENS)
    model = Scripted([endless, endless, GUESS, endless])
    transcript = final(run(model, (1, 3)))
    assert transcript.text == "a guess"
    assert model.asked == [(10.0, 0.0), (30.0, 0.0), (30.0, 0.4), (30.0, 0.8)]
    assert model.encoded == [10.0, 30.0]
    assert transcript.details["pieces"][0]["temperature"] == 0.4


def test_a_whole_window_is_not_tried_twice_at_the_same_temperature() -> None:
    model = Scripted([LOOP, GOOD])
    run(model, (1, 28))
    assert model.asked == [(30.0, 0.0), (30.0, 0.4)]


def test_what_is_no_speech_is_dropped() -> None:
    items = run(Scripted([NOTHING]), (1, 3))
    assert final(items).text == ""
    assert final(items).segments == ()
    assert len(items) == 1
    assert final(items).details["pieces"][0]["dropped"] is True


def test_every_piece_adds_to_the_partial() -> None:
    items = run(Scripted([GOOD, NOTHING, GOOD]), (1, 3), (9, 10), (15, 18))
    assert [item.text for item in items] == ["good words", "good words good words", "good words good words"]
    assert [(round(s.start), round(s.end)) for s in final(items).segments] == [(1, 3), (15, 18)]
    assert final(items).output_tokens == 6


def test_the_language_is_detected_once() -> None:
    model = Scripted([GOOD, GOOD], probabilities={"de": 0.9, "en": 0.1})
    transcript = final(run(model, (1, 3), (9, 10), language=None))
    assert (transcript.language, transcript.unexpected_language) == ("de", None)
    assert transcript.details["language_probability"] == 0.9
    assert model.detected == 1


def test_a_language_that_is_not_clear_is_looked_for_again() -> None:
    model = Scripted([GOOD, GOOD])
    assert final(run(model, (1, 3), (9, 10), language=None)).language == "de"
    assert model.detected == 2


def test_the_language_is_detected_only_among_those_that_can_be_answered() -> None:
    model = Scripted([GOOD], probabilities={"cy": 0.6, "de": 0.3, "en": 0.1})
    transcript = final(run(model, (1, 4), language=None, among=("en", "de")))
    assert (transcript.language, transcript.unexpected_language) == ("de", None)


def test_where_none_is_likely_the_first_stands() -> None:
    model = Scripted([GOOD], probabilities={"th": 0.7, "de": 0.05, "en": 0.04, "ja": 0.21})
    assert final(run(model, (1, 4), language=None, among=("en", "de"))).language == "en"


def test_hindi_is_told_by_its_sister() -> None:
    model = Scripted([GOOD], probabilities={"ur": 0.9, "hi": 0.05, "en": 0.05})
    model.languages = ("en", "hi", "ur")
    assert final(run(model, (1, 4), language=None, among=("en", "hi"))).language == "hi"
    again = Scripted([GOOD], probabilities={"ur": 0.9, "hi": 0.05, "en": 0.05})
    again.languages = ("en", "hi", "ur")
    assert final(run(again, (1, 4), language="hi")).unexpected_language is None


@pytest.mark.parametrize("language", ["en", None])
def test_another_language_is_noticed_and_not_translated(language: str | None) -> None:
    translated = Decoded("a translation", 3, -0.5, 0.01)
    model = Scripted([translated, GOOD], probabilities={"ja": 0.98, "en": 0.01, "de": 0.01})
    transcript = final(run(model, (1, 4), language=language, among=("en", "de")))
    assert (transcript.language, transcript.unexpected_language, transcript.text) == ("ja", "ja", "good words")
    assert model.languages_asked == ["en", "ja"]


def test_another_language_in_which_the_words_are_less_likely_is_none() -> None:
    model = Scripted([GOOD, GUESS, GUESS], probabilities={"ja": 0.98, "en": 0.01, "de": 0.01})
    transcript = final(run(model, (1, 4)))
    assert (transcript.language, transcript.unexpected_language, transcript.text) == ("en", None, "good words")


def test_a_short_word_in_a_language_that_was_given_is_not_doubted() -> None:
    model = Scripted([GOOD], probabilities={"ja": 0.98, "en": 0.01, "de": 0.01})
    assert final(run(model, (1, 2))).language == "en"
    assert model.detected == 0


def test_beams_are_for_languages_but_english() -> None:
    english, german = Scripted([GOOD]), Scripted([GOOD])
    run(english, (1, 3))
    run(german, (1, 3), language="de")
    assert (english.beams, german.beams) == ([1], [BEAMS])


def test_japanese_is_joined_without_spaces() -> None:
    assert final(run(Scripted([GOOD, GOOD]), (1, 3), (9, 10), language="ja")).text == "good wordsgood words"


def test_a_language_the_model_has_not_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="fr"):
        run(Scripted([GOOD]), (1, 3), language="fr")


def test_stopped_between_pieces_there_is_no_transcript() -> None:
    model = Scripted([GOOD, GOOD, GOOD], stop_after=2)
    items = run(model, (1, 3), (9, 10), (15, 18))
    assert [type(item) for item in items] == [TranscriptPartial, TranscriptPartial]
    assert len(model.asked) == 2
