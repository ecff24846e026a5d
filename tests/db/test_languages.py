"""Language tags as clients write them."""

from __future__ import annotations

import pytest

from db.errors import BadUserInput
from db.languages import LANGUAGES, clean_language, primary_language


@pytest.mark.parametrize(
    ("given", "clean", "primary"),
    [
        ("en", "en", "en"),
        ("EN", "en", "en"),
        ("es-MX", "es-MX", "es"),
        ("es_mx", "es-MX", "es"),
        ("yue", "yue", "yue"),
        ("haw-us", "haw-US", "haw"),
        ("auto", "auto", None),
        ("AUTO", "auto", None),
    ],
)
def test_a_known_tag_is_written_one_way(given: str, clean: str, primary: str | None) -> None:
    assert clean_language(given) == clean
    assert primary_language(clean) == primary
    assert clean_language(clean) == clean


@pytest.mark.parametrize(
    "tag",
    ["", " ", "e", "xx", "zz-ZZ", "english", "en-", "-US", "en-USA", "en-US-x", "en us", "en\n", "еn", "ｅｎ",
     "auto-US", "en\x00", "\ud800", "en-ÜS", "e" * 1_000_000],
)  # fmt: skip
def test_an_unknown_tag_is_refused_without_repeating_it(tag: str) -> None:
    with pytest.raises(BadUserInput, match="Unknown language") as refused:
        clean_language(tag)
    assert len(refused.value.message) < 200


def test_every_language_of_the_list_is_taken() -> None:
    assert len(LANGUAGES) >= 99
    assert all(clean_language(code) == code for code in LANGUAGES)
