"""The whole search: places in the original text, masks, bounded time, any Unicode."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions import find_mentions, mask
from tests.inference.engines.scripted.mentions.reading import read
from tests.quality.mentions import agent, evaluate, expectation
from tests.waiting import bounded_work


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_spans_are_of_the_text_as_it_was_said(form: Literal["NFC", "NFD"]) -> None:
    text = unicodedata.normalize(form, "Ich heiße Jürgen Groß,\u200b Kundennummer ２０４１７")
    assert [text[each.start : each.end] for each in read(text, "de")] == [
        unicodedata.normalize(form, "Jürgen Groß"),
        unicodedata.normalize(form, "２０４１７"),
    ]
    assert [each.value for each in read(text, "de")] == ["Jürgen Groß", "20417"]


def test_masked() -> None:
    text = "my name is Ann Lee, account AC-20417, and I paid $49.90 on Friday"
    assert mask(text, read(text, "en")) == "my name is NAME, account NUMBER, and I paid NUMBER on Friday"


def test_nothing_is_read_out_of_nothing() -> None:
    assert find_mentions("", "en", agent()) == ()
    assert find_mentions(" \n\u200b", "hi", agent()) == ()


def test_an_unknown_language_is_read_as_english() -> None:
    assert [each.value for each in read("account AC-20417", "ja")] == ["AC-20417"]


_HOSTILE = [
    "1 " * 1000, "a " * 1000, "A. " * 900, "1-" * 1000, "((" * 900, "O'" * 900, "'" * 3000, "1:1:" * 600, "a@" * 800,
    "one " * 600, "twenty hundred " * 200, "my name is " * 200, "account " * 300, "not a but " * 300, "L-E-E " * 400,
    "at at dot dot " * 200, "a dot " * 400 + "at b dot c", "12 rose " * 300, "because " * 300, "von und zu " * 250,
    "Dr. " * 600, "\u0301" * 3000, "क" * 2000, "😀" * 2000, "calle de la " * 200, "am an der im " * 200, "ﷺ" * 500,
    "half past " * 300, "no no sorry " * 200, "B as in " * 300, "\x00\ud800" * 500, "x" * 60 + " y plan " * 200,
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_texts_take_bounded_time(language: str) -> None:
    asked = expectation(["name", "account_id", "new_address", "amount", "date", "time"])
    find_mentions("12", language, agent(), asked)  # the patterns are compiled once
    for text in _HOSTILE:
        with bounded_work(20):  # quadratic search took up to minutes
            found = find_mentions(text, language, agent(), asked)
        assert all(0 <= each.start < each.end <= 2000 for each in found)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(LANGUAGES))
def test_any_text_can_be_read(text: str, language: str) -> None:
    found = find_mentions(text, language, agent(), expectation(["name", "account_id", "date", "time", "amount"]))
    assert all(0 <= each.start < each.end <= len(text) and each.value for each in found)
    mask(text, found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_quality_of_the_utterances_for_tuning(language: str) -> None:
    score = evaluate("tune", language)
    assert score.f1 >= 0.95
    assert score.invented == 0
