"""Replies: complete in all languages, with the same placeholders; earlier questions are recognized in all of them."""

from __future__ import annotations

import re

import pytest

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.wording.asked import IDENTITY, Asks
from inference.engines.scripted.wording.defaults import default_replies
from inference.engines.scripted.wording.questions import _KEYS, QuestionIndex, question_index
from inference.engines.scripted.wording.wording import PLACEHOLDER, Part, Wording

_AGENTS = builtin_agents()
_VALUES = dict.fromkeys(
    ("account_id", "details", "reference", "fields", "field", "name", "value", "target_plan"), "X (1) \\d {y}"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_reply_with_the_same_placeholders(language: str) -> None:
    english = default_replies("en")
    templates = default_replies(language)
    assert set(templates) == set(english)
    for key, variants in templates.items():
        wanted = set(PLACEHOLDER.findall(english[key][0]))
        assert variants, key
        for variant in variants:
            assert set(PLACEHOLDER.findall(variant)) == wanted, (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("agent", _AGENTS.values(), ids=_AGENTS)
def test_every_question_is_recognized_in_every_variant(agent: AgentDefinition, language: str) -> None:
    index = QuestionIndex(agent)
    wording = Wording(agent, language)
    for scenario in agent.scenarios:
        for key, asks in _KEYS.items():
            for turn in range(3):
                text = wording.text(Part(key, _VALUES, scenario), [], turn)
                found = index.asked(f"Before. {text} After.")
                assert found is not None, text
                assert asks in {each.asks for each in found}, text
        for name in (*IDENTITY, *scenario.fields):
            for turn in range(3):
                values = {**_VALUES, "field": wording.field_name(name, scenario)}
                text = wording.text(Part("ask", values, scenario, asked=name), [], turn)
                assert any(each.asks is Asks.FIELD and each.field == name for each in index.asked(text) or ()), text


def test_another_engines_words_ask_nothing() -> None:
    assert question_index(_AGENTS["billing_agent"]).asked("Sure thing! What's your favourite colour?") == ()


def test_a_wait_and_silence_leave_the_question_open() -> None:
    index = question_index(_AGENTS["billing_agent"])
    assert index.asked("Of course, take your time.") is None
    assert index.asked("I did not catch that. Could you say it again?") is None


def test_a_question_cut_off_by_the_customer() -> None:
    index = question_index(_AGENTS["billing_agent"])
    heard = index.asked("I am sorry for the trouble. May I have your acc")
    assert [each.asks for each in heard or ()] == [Asks.IDENTITY]
    assert index.asked("I am sorry that you want to leave. Shall I file the canc") == ()


def test_a_customers_braces_fill_nothing() -> None:
    wording = Wording(_AGENTS["billing_agent"], "en")
    assert "{reference}" in wording.text(Part("noted_name", {"name": "{reference}"}), [], 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_said_is_said_in_other_words(language: str) -> None:
    agent = _AGENTS["billing_agent"]
    wording = Wording(agent, language)
    said: list[str] = []
    for key in ("confirm", "ask_any", "ask_one_of"):
        for _ in range(3):
            text = wording.text(Part(key, _VALUES, agent.scenario("contact_details_change")), said, 1)
            assert text not in said
            said.append(text)


def test_the_agents_own_words_come_first() -> None:
    agent = _AGENTS["billing_agent"].model_copy(update={"replies": {"thanks": {"en": ["You bet."]}}})
    assert Wording(agent, "en").text(Part("thanks"), [], 0) == "You bet."
    assert Wording(agent, "de").text(Part("thanks"), [], 0) in default_replies("de")["thanks"]


def test_no_reply_names_a_trade() -> None:
    """The default replies fit every agent."""
    trade = re.compile(r"bill|invoice|contract|cancel|router|internet|Rechnung|Kündig|factura|facture|résili|बिल", re.I)
    for language in LANGUAGES:
        for key, variants in default_replies(language).items():
            assert not any(trade.search(each) for each in variants), (language, key)
