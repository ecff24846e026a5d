"""Sentence splitting of a streamed reply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.turn.sentences import LONGEST, SentenceSplitter


def _split(text: str, step: int) -> list[str]:
    splitter = SentenceSplitter()
    sentences = [s for start in range(0, len(text), step) for s in splitter.feed(text[start : start + step])]
    return sentences + splitter.flush()


@pytest.mark.parametrize("step", [1, 3, 10_000])
@pytest.mark.parametrize(
    "sentences",
    [
        ["Hello Mr. Smith.", "It costs 3.50 today.", "See ACC-1.2, e.g. now!", "Really?"],
        ["Wait... what?", "Yes."],
        ["Dr. J. K. Brown will call at 5 p.m. today.", "Please wait."],
        ["We open at 9 a.m.", "Come early."],
        ["Your order No. 7 is ready.", "Is it late?", "No.", "Good."],
        ['She said "Stop."', "Then she left."],
        ["“Go!”", "He went."],
        ["I will.", "So did I.", "Good bye"],
        ["Am 22. November kommt Hr. Maier.", "Gut, z.B. um 3."],
        ["1. Restart it.", "2. Wait."],
        ["आपका बिल तैयार है।", "धन्यवाद।"],
        ["你好。", "再见！", "好吗？」", "好"],
        ["One line", "Another line"],
        ["The total is $12.", "Your plan is 5G."],
    ],
)
def test_sentences_are_found_however_they_arrive(sentences: list[str], step: int) -> None:
    joint = "" if "。" in sentences[0] else "\n" if sentences[0] == "One line" else " "
    assert _split(joint.join(sentences), step) == sentences


def test_a_sentence_is_given_as_soon_as_it_is_whole() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Good morning.") == []
    assert splitter.feed(" How") == ["Good morning."]
    assert splitter.flush() == ["How"]


def test_a_long_sentence_is_cut_behind_a_comma_or_a_space() -> None:
    listed = _split("this and that, " * 60, 7)
    assert all(s.endswith(",") for s in listed)
    assert all(len(s) <= LONGEST for s in _split("word " * 200, 7))


@given(st.text(alphabet=st.sampled_from("aB1.,!?… \n\"”)。।'$-İ"), max_size=900), st.integers(1, 40))
def test_nothing_is_lost_and_nothing_is_long(text: str, step: int) -> None:
    sentences = _split(text, step)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(s and len(s) <= LONGEST and s == s.strip() for s in sentences)


@given(st.text(max_size=300), st.integers(1, 40))
def test_any_text_survives(text: str, step: int) -> None:
    assert "".join("".join(_split(text, step)).split()) == "".join(text.split())


@given(st.text(alphabet=st.sampled_from('aB1., !?\n"”।'), max_size=250), st.integers(1, 20))
def test_the_cut_does_not_depend_on_how_the_text_arrives(text: str, step: int) -> None:
    assert _split(text, step) == _split(text, 1)
