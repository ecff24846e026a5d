"""Clauses of an utterance, and the conditions and cues in them: no model is involved."""

from __future__ import annotations

import pytest

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.understanding.clauses import split_clauses
from inference.engines.scripted.understanding.conditions import condition_of
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import tone_of
from inference.engines.scripted.understanding.urdu import in_devanagari
from tests.waiting import bounded_work


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "I was charged 49.99 twice. Cancel it.", ["I was charged 49.99 twice", "Cancel it"]),
        ("en", "Dr. Smith lives at St. Mary Road No. 5.", ["Dr. Smith lives at St. Mary Road No. 5"]),
        ("en", "I was charged for January and February", ["I was charged for January and February"]),
        (
            "en",
            "I don't want to cancel, I just want my money back",
            ["I don't want to cancel", "I just want my money back"],
        ),
        ("en", "yes but no, wait", ["yes", "but no", "wait"]),
        ("de", "Am 3. Mai zieht Dr. Braun um, bitte ändern.", ["Am 3. Mai zieht Dr. Braun um, bitte ändern"]),
        ("es", "Sí, pero no ahora", ["Sí", "pero no ahora"]),
        ("hi", "मेरा नेट बंद है। मेरा नाम राम है", ["मेरा नेट बंद है", "मेरा नाम राम है"]),
        ("hi", "میرا نیٹ بند ہے۔ کیا ہوا؟", ["میرا نیٹ بند ہے", "کیا ہوا"]),
    ],
)
def test_clauses(language: str, text: str, expected: list[str]) -> None:
    assert [each.text for each in split_clauses(text, cues(language))] == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Yes and no. I'm torn.", 2),
        ("en", "No. I want to keep it.", 2),
        ("es", "No. Quiero quedarme.", 2),
        ("hi", "No. Abhi nahin.", 2),
        ("en", "It is account no. 48210.", 1),
        ("es", "Es la cuenta no. RT4410.", 1),
    ],
)
def test_no_is_an_abbreviation_only_before_a_number(language: str, text: str, expected: int) -> None:
    assert len({each.start for each in split_clauses(text, cues(language)) if not each.joint}) == expected


def test_values_are_not_split() -> None:
    text = "My new address is 12 Rose Lane, Springfield and my internet is down"
    span = (text.index("12"), text.index(" and my"))
    assert "12 Rose Lane, Springfield" in split_clauses(text, cues("en"), [span])[0].text


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "yes, but please not before December 31", "not before December 31"),
        ("en", "cancel it at the end of the month", "at the end of the month"),
        ("en", "cancel my contract please", None),
        ("es", "sí, pero solo si no hay penalización", "si no hay penalización"),
        ("de", "ja, aber erst zum Monatsende", "aber erst zum Monatsende"),
        ("fr", "oui, mais pas avant le 31 décembre", "mais pas avant le 31 décembre"),
        ("hi", "हाँ, लेकिन महीने के अंत में", "महीने के अंत में"),
    ],
)
def test_condition(language: str, text: str, expected: str | None) -> None:
    found = [condition_of(each, cues(language)) for each in split_clauses(text, cues(language))]
    said = next((each for each in found if each), None)
    assert said == expected or (expected and said and expected in said)


def test_normalized_text_leads_back() -> None:
    text = "Zu „MÜLLER’s“ Straße: sí, हाँ"
    said = normalized(text)
    at = said.text.index("muller's")
    assert said.slice(at, at + len("muller's")) == "MÜLLER’s"


def test_urdu_is_read_as_hindi() -> None:
    assert in_devanagari("میرا انٹرنیٹ نہیں چل رہا ہے۔") == "मेरा इंटरनेट नहीं चल रहा है।"


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("کیا آپ نے میری شکائیت درج کر لی ہے", "क्या आप ने मेरी शिकायत दर्ज कर ली है"),
        ("میرا اینٹرنت کل سے بلکل بند ہے", "मेरा इंटरनेट कल से बिल्कुल बंद है"),
        ("اور انٹرنت بہت دیمہ چل رہا ہے", "और इंटरनेट बहुत धीमा चल रहा है"),
        ("حانجی کر دیجے", "हाँ जी कर दीजिए"),
        ("میرا نام سنیتا ہے", "मेरा नाम सनीता है"),  # a name is no frequent word
    ],
)
def test_urdu_words_that_recognition_spelled_by_ear_are_the_frequent_ones_of_their_sound(heard: str, said: str) -> None:
    assert in_devanagari(heard) == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["not " * 500, "yes, no, " * 250, "nicht kein will " * 120, "a.b." * 500])
def test_repetition_is_read_in_bounded_time(language: str, text: str) -> None:
    with bounded_work():
        clauses = split_clauses(text[:2000], cues(language))
        for each in clauses:
            tone_of(each, cues(language))
            condition_of(each, cues(language))
    assert len(clauses) <= 24
