"""Intent classification in five languages, on utterances that are not prototypes."""

from __future__ import annotations

import pytest

from inference.engines.scripted.intents import IntentClassifier
from inference.engines.scripted.lexicon import LANGUAGES, read_table
from inference.engines.scripted.utterances import Understander
from tests.quality.intents import evaluate, share

#: A little under what ``python -m tests.quality.intents`` prints: (intent, scenario).
FLOORS = {"en": (0.82, 0.86), "es": (0.92, 0.95), "de": (0.92, 0.95), "fr": (0.85, 0.9), "hi": (0.88, 0.92)}


@pytest.fixture(scope="module")
def understander() -> Understander:
    return Understander(IntentClassifier(2))


@pytest.fixture(scope="module")
def model(understander: Understander) -> IntentClassifier:
    return understander.model


@pytest.mark.parametrize("language", LANGUAGES)
def test_accuracy_stays_above_its_floor(model: IntentClassifier, language: str) -> None:
    outcomes = evaluate(model, language)
    intent, scenario = FLOORS[language]
    assert len(outcomes) >= (60 if language == "en" else 15)
    assert share(outcomes, exact=True) >= intent
    assert share(outcomes, exact=False) >= scenario


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_utterance_is_a_prototype(model: IntentClassifier, language: str) -> None:
    prototypes = {text.lower() for texts in read_table(language, "prototypes").values() for text in texts}
    assert not prototypes & {outcome.text.lower() for outcome in evaluate(model, language)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_prototypes_for_every_intent(model: IntentClassifier, language: str) -> None:
    table = read_table(language, "prototypes")
    assert set(table) == set(model.intents)
    assert all(len(texts) >= 3 for texts in table.values())


def test_two_requests_in_one_utterance_are_both_requested(understander: Understander) -> None:
    understood = understander.understand("My internet is down and I was charged twice.", "en")
    assert [each.scenario for each in understood.requested] == ["technical_issue", "billing_query"]


@pytest.mark.parametrize("text", ["", "   ", "...", "!?", "\u200b"])
def test_no_words_are_no_intent(understander: Understander, text: str) -> None:
    assert understander.understand(text, "en").prediction is None


@pytest.mark.parametrize(
    "text", ["a dot " * 1500, "1 a " * 2000, "account number " * 700, "my name is " * 900, "(" * 4000, "é" * 10_000]
)
def test_hostile_text_is_understood_in_bounded_time(understander: Understander, text: str) -> None:
    understander.understand(text, "en")
