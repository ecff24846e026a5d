"""Text normalization of the tuning half of sentences.txt; tests/quality/normalization.py reports the test half."""

from __future__ import annotations

import pytest

from inference.text.normalization.normalizer import spoken_form
from tests.quality.normalization import Sentence, right, sentences


@pytest.mark.parametrize("sentence", [each for each in sentences() if each.tuning], ids=lambda each: each.written)
def test_a_sentence_is_said_as_a_person_would(sentence: Sentence) -> None:
    said = spoken_form(sentence.written, sentence.language)
    assert right(sentence, said), said


def test_there_are_enough_sentences() -> None:
    counts = {language: sum(each.language == language for each in sentences()) for language in ("en", "es", "de", "fr")}
    assert counts["en"] >= 120
    assert min(counts.values()) >= 25
