"""Intents in five languages, on utterances that are no examples of the agent; by default in one that is not English."""

from __future__ import annotations

import pytest

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.understanding.understander import Understander
from tests.quality.intents import evaluate, share
from tests.quality.required import quality

#: A little under what ``python -m tests.quality.intents`` prints.
FLOORS = {"en": 0.95, "es": 0.92, "de": 0.92, "fr": 0.92, "hi": 0.92}


@pytest.mark.parametrize(
    "language", [each if each == "es" else pytest.param(each, marks=quality) for each in LANGUAGES]
)
def test_accuracy_stays_above_its_floor(understander: Understander, language: str) -> None:
    outcomes = evaluate(understander, language)
    assert len(outcomes) >= (40 if language == "en" else 15)
    assert share(outcomes, exact=True) >= FLOORS[language]
