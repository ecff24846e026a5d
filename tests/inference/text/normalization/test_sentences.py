"""The sentences of sentences.txt that rules were made with; the other half is reported by tests/quality."""

from __future__ import annotations

import pytest

from inference.text.normalization.forms import spoken_form
from tests.quality.normalization import Sentence, right, sentences


@pytest.mark.parametrize("sentence", [each for each in sentences() if each.tuning], ids=lambda each: each.written)
def test_a_sentence_is_said_as_a_person_would(sentence: Sentence) -> None:
    said = spoken_form(sentence.written, sentence.language)
    assert right(sentence, said), said


def test_there_are_enough_sentences() -> None:
    counts = {language: sum(each.language == language for each in sentences()) for language in ("en", "es", "de", "fr")}
    assert counts["en"] >= 120
    assert min(counts.values()) >= 25
