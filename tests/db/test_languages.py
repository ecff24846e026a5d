"""Language tags, the table of languages, and the languages of workers."""

from __future__ import annotations

from importlib.resources import files

import pytest

from db.errors import BadUserInput
from db.languages import LANGUAGES, parse_language, primary_language
from db.models.workers import Worker
from db.queue.workers import answered_languages
from inference.engines.scripted import lexicon as scripted
from inference.engines.whisper.languages import language_of, languages_of, token_of
from inference.engines.whisper.spoken_language import _SPOKEN_ALIKE
from inference.text.normalization.normalizer import LOCALES


@pytest.mark.parametrize(
    ("given", "clean", "primary"),
    [
        ("en", "en", "en"),
        ("EN", "en", "en"),
        ("es-MX", "es-MX", "es"),
        ("es_mx", "es-MX", "es"),
        ("jw", "jv", "jv"),
        ("jv-ID", "jv-ID", "jv"),
        ("haw-us", "haw-US", "haw"),
        ("auto", "auto", None),
        ("AUTO", "auto", None),
    ],
)
def test_a_known_tag_is_normalized(given: str, clean: str, primary: str | None) -> None:
    assert parse_language(given) == clean
    assert primary_language(clean) == primary
    assert parse_language(clean) == clean


@pytest.mark.parametrize(
    "tag",
    ["", " ", "e", "xx", "yue", "zz-ZZ", "english", "en-", "-US", "en-USA", "en-US-x", "en us", "en\n", "еn", "ｅｎ",
     "auto-US", "en\x00", "\ud800", "en-ÜS", "e" * 1_000_000],
)  # fmt: skip
def test_an_unknown_tag_is_refused_without_repeating_it(tag: str) -> None:
    with pytest.raises(BadUserInput, match="Unknown language") as refused:
        parse_language(tag)
    assert len(refused.value.message) < 200


def test_every_language_of_the_table_is_accepted() -> None:
    assert len(LANGUAGES) == 99
    assert all(parse_language(code) == code for code in LANGUAGES)


def test_every_language_of_the_table_is_one_of_whispers() -> None:
    from whisper import tokenizer as whisper_tokenizer  # loads torch, which only this test needs

    assert [token_of(code) for code in LANGUAGES] == [each for each in whisper_tokenizer.LANGUAGES if each != "yue"]
    assert [language_of(token_of(code)) for code in LANGUAGES] == list(LANGUAGES)
    assert languages_of("base") == tuple(LANGUAGES)
    assert languages_of("base.en") == ("en",)


def test_javanese_is_whispers_jw_and_cantonese_is_no_sessions_language() -> None:
    assert (token_of("jv"), language_of("jw"), parse_language("JW")) == ("jw", "jv", "jv")
    assert language_of("yue") == "yue" not in LANGUAGES
    assert not LANGUAGES.keys() & {"jw", "iw", "in", "ji"}, "an alias is not a second entry"


def test_every_other_list_of_languages_is_a_part_of_the_table() -> None:
    assert set(scripted.LANGUAGES) <= LANGUAGES.keys()
    assert set(LOCALES) <= LANGUAGES.keys()
    folders = files("inference.engines.scripted") / "languages"
    assert {each.name for each in folders.iterdir() if each.is_dir()} == set(scripted.LANGUAGES)
    assert LANGUAGES.keys() >= {code for group in _SPOKEN_ALIKE for code in group}


def test_the_error_names_a_language_that_no_worker_answers_in() -> None:
    assert parse_language("ES_mx", {"en", "es"}) == "es-MX"
    assert parse_language("auto", {"en", "es"}) == "auto"
    with pytest.raises(BadUserInput, match="answers in Icelandic"):
        parse_language("is", {"en", "es"})


def worker(*engines: tuple[str, tuple[str, ...]]) -> Worker:
    return Worker(engines=[{"stage": stage, "languages": list(languages)} for stage, languages in engines])


def test_answered_languages_are_those_of_the_language_models() -> None:
    assert answered_languages([]) == frozenset(LANGUAGES)
    assert answered_languages([worker(("ASR", ("en",)))]) == frozenset(LANGUAGES)
    two = [worker(("ASR", ("it",)), ("LLM", ("en", "es"))), worker(("LLM", ("en", "hi", "xx")))]
    assert answered_languages(two) == {"en", "es", "hi"}
    assert answered_languages([*two, worker(("LLM", ()))]) == frozenset(LANGUAGES)
