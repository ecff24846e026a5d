"""Response templates: complete in all languages, with the same placeholders; their questions are recognized."""

from __future__ import annotations

import re

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.intents import FIELDS_OF
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.replies import EXPECTED_ANSWER, Replies, expected_answer, replies
from inference.engines.scripted.state import CONFIRMED

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_template_with_the_same_placeholders(language: str) -> None:
    english = replies("en").templates
    templates = replies(language).templates
    assert set(templates) == set(english)
    for key, variants in templates.items():
        wanted = set(_PLACEHOLDER.findall(english[key][0]))
        assert variants, key
        for variant in variants:
            assert set(_PLACEHOLDER.findall(variant)) == wanted, (language, key)


def test_every_scenario_and_persona_has_its_words() -> None:
    keys = set(replies("en").templates)
    assert {f"filed.{name}" for name in FIELDS_OF} <= keys
    assert {f"thing.{name}" for name in FIELDS_OF} <= keys
    assert {f"greeting.{name}" for name in builtin_agents()} <= keys
    assert {f"abilities.{name}" for name in builtin_agents()} <= keys
    assert {f"lead.{name}" for name in FIELDS_OF if name != "human_handover"} <= keys
    assert set(EXPECTED_ANSWER) <= keys
    assert set(FIELDS_OF) >= CONFIRMED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_recognised_in_every_variant(language: str) -> None:
    written: Replies = replies(language)
    for key in [*EXPECTED_ANSWER, *(key for key in written.templates if key.startswith("failed_field."))]:
        for turn in range(len(written.templates[key])):
            values = dict.fromkeys(("account_id", "plan", "detail", "reference"), "X (1) \n\\d {y}")
            text = f"Before. {written.fill(key, values, turn)} After."
            assert expected_answer(key) in [expected_answer(found) for found in written.questions_in(text)], (
                language,
                key,
            )


def test_another_engines_words_ask_nothing() -> None:
    assert list(replies("en").questions_in("Sure thing! What's your favourite colour?")) == []


def test_a_customers_braces_fill_nothing() -> None:
    assert "{reference}" in replies("en").fill("noted_name", {"name": "{reference}"})
