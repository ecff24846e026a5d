"""Language tags as clients write them."""

from __future__ import annotations

import pytest
from whisper import tokenizer as whisper_tokenizer

from db.errors import BadUserInput
from db.languages import LANGUAGES, clean_language, primary_language
from db.models.workers import Worker
from db.queue.workers import answered_languages
from inference.engines.whisper import languages as whisper_languages
from inference.engines.whisper.languages import token_of


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
def test_a_known_tag_is_written_one_way(given: str, clean: str, primary: str | None) -> None:
    assert clean_language(given) == clean
    assert primary_language(clean) == primary
    assert clean_language(clean) == clean


@pytest.mark.parametrize(
    "tag",
    ["", " ", "e", "xx", "yue", "zz-ZZ", "english", "en-", "-US", "en-USA", "en-US-x", "en us", "en\n", "еn", "ｅｎ",
     "auto-US", "en\x00", "\ud800", "en-ÜS", "e" * 1_000_000],
)  # fmt: skip
def test_an_unknown_tag_is_refused_without_repeating_it(tag: str) -> None:
    with pytest.raises(BadUserInput, match="Unknown language") as refused:
        clean_language(tag)
    assert len(refused.value.message) < 200


def test_every_language_of_the_list_is_taken() -> None:
    assert len(LANGUAGES) == 99
    assert all(clean_language(code) == code for code in LANGUAGES)


def test_every_language_of_the_list_is_one_that_whisper_was_trained_on() -> None:
    assert {token_of(code) for code in LANGUAGES} == set(whisper_tokenizer.LANGUAGES) - {"yue"}
    assert tuple(LANGUAGES) == whisper_languages.LANGUAGES


def test_a_language_that_no_worker_answers_in_is_refused_by_its_name() -> None:
    assert clean_language("ES_mx", {"en", "es"}) == "es-MX"
    assert clean_language("auto", {"en", "es"}) == "auto"
    with pytest.raises(BadUserInput, match="answers in Icelandic"):
        clean_language("is", {"en", "es"})


def worker(*engines: tuple[str, tuple[str, ...]]) -> Worker:
    return Worker(engines=[{"stage": stage, "languages": list(languages)} for stage, languages in engines])


def test_answered_are_the_languages_of_the_living_language_models() -> None:
    assert answered_languages([]) == frozenset(LANGUAGES)
    assert answered_languages([worker(("ASR", ("en",)))]) == frozenset(LANGUAGES)
    two = [worker(("ASR", ("it",)), ("LLM", ("en", "es"))), worker(("LLM", ("en", "hi", "xx")))]
    assert answered_languages(two) == {"en", "es", "hi"}
    assert answered_languages([*two, worker(("LLM", ()))]) == frozenset(LANGUAGES)
