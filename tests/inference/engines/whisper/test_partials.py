"""Local agreement: which partial words are kept, and how a later window is joined to them."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import pytest

from inference.engines.whisper.decoding import Decoded
from inference.engines.whisper.partials import LocalAgreement, quick_words
from inference.ports import Samples


class Saying:
    """A model that always says the same."""

    languages = ("en",)

    def __init__(self, decoded: Decoded) -> None:
        self._decoded = decoded

    def encode(self, samples: Samples, seconds: float) -> None:
        """Nothing to encode."""

    def language_probabilities(self, features: None) -> Mapping[str, float]:
        return {"en": 1.0}

    def decode(self, *_: object, **__: object) -> Decoded:
        return self._decoded


def quick(text: str, *, tokens: int) -> str:
    model = Saying(Decoded(text, tokens, -0.1, 0.01))
    return quick_words(model, np.zeros(80_000, np.float32), "en", ("en",), threading.Event())


def test_words_stay_once_two_hypotheses_agree() -> None:
    words = LocalAgreement()
    assert words.add("My bell", whole=True) == "My bell"
    assert words.add("my bill is", whole=True) == "my bill is"
    assert words.add("My bill is wrong", whole=True) == "My bill is wrong"
    assert words.add("Why pill is strong and", whole=True) == "My bill is strong and"


def test_the_last_word_may_be_a_beginning_and_is_not_kept() -> None:
    words = LocalAgreement()
    for text in ("of fine type", "of fine type", "of fine typography"):
        shown = words.add(text, whole=True)
    assert shown == "of fine typography"


def test_kept_words_take_a_later_spelling_and_division() -> None:
    words = LocalAgreement()
    for text in ("The earliest. Or 42 line", "the earliest or 42 line Bible"):
        words.add(text, whole=True)
    assert words.add("The earliest, or 42-line Bible of", whole=True) == "The earliest, or 42-line Bible of"


def test_a_shorter_hypothesis_takes_no_kept_word_back() -> None:
    words = LocalAgreement()
    for _ in range(2):
        words.add("one two three four", whole=True)
    assert words.add("one", whole=True) == "one two three"


def test_a_loop_is_cut_off() -> None:
    said = "as an example of fine typography,"
    assert quick(f"It is worth mention {said} {said} {said}", tokens=60) == f"It is worth mention {said}"
    assert quick(f"{said} {said}", tokens=5) == f"{said} {said}"  # who says it twice is believed
    assert quick("you you you you you you you", tokens=7) == ""


@pytest.mark.parametrize(
    ("window", "joined"),
    [
        ("three, four. Fine six", "one two three four Fine six"),
        ("four", "one two three four"),
        ("nothing of it", "one two three four (five)"),
        ("", "one two three four (five)"),
    ],
)
def test_a_window_that_begins_later_is_joined_at_the_kept_words(window: str, joined: str) -> None:
    words = LocalAgreement()
    for _ in range(2):
        words.add("one two three four (five)", whole=True)
    assert words.add(window, whole=False) == joined
