"""Values of a definition's fields: choices in the customer's words, limits that are told, answers that are no wish."""

from __future__ import annotations

from typing import Any

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.values import Mention, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish

_FRONT = {"en": ["the front door", "front"], "fr": ["la porte d'entrée"]}


def _agent(**fields: Any) -> AgentDefinition:
    own = {
        "pieces": {"schema": {"type": "integer", "minimum": 1, "maximum": 20}, "required": True},
        "digits": {"schema": {"type": "string", "format": "number", "pattern": "^[0-9]{4}$"}},
        "door": {
            "schema": {"type": "string", "enum": ["front_door", "back_door"]},
            "values": {"front_door": _FRONT},
            "ask": {"en": "Which door?"},
        },
        "floor": {"schema": {"enum": [0, 1]}, "values": {"0": {"en": "the ground floor"}}},
        "trouble": {"ask": {"en": "What is wrong with it?"}},
        **fields,
    }
    confirm = {"en": "{pieces} keys for {door}: shall I?", "fr": "{pieces} clés pour {door} : d'accord ?"}
    filed = {"en": "Keys for {door} are ordered."}
    order = {"name": "order", "description": "Keys.", "title": {"en": "the order"}, "fields": own, "confirm": True}
    intents = [
        {"name": "order", "scenario": "order", "examples": {"en": ["keys please"]}},
        {"name": "repair", "scenario": "repair", "examples": {"en": ["a broken lock"]}},
    ]
    repair = {"name": "repair", "description": "A lock.", "fields": own, "ask_for": ["door", "trouble"]}
    return AgentDefinition.model_validate(
        {
            "name": "keys",
            "description": "Cuts keys.",
            "languages": ["en", "de", "es", "fr", "hi"],
            "instructions": "You cut keys.",
            "intents": intents,
            "scenarios": [{**order, "replies": {"confirm": confirm, "filed": filed}}, repair],
        }
    )


def test_a_choice_is_told_in_the_words_of_the_customers_language() -> None:
    talk = Talk(_agent())
    reply = talk.say(said("three keys for the front", wish("order"), values={"pieces": "3", "door": "front_door"}))
    assert "3 keys for the front door: shall I?" in reply
    assert "noted" not in reply  # all of it is in the question
    assert "Keys for the front door are ordered." in talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["door"] == "front_door"
    changed = talk.say(said("no, the back door", corrects=True, values={"door": "back_door"}))
    assert "back door" in changed and "_" not in changed  # without words in the language: the value in words
    french = Talk(_agent(), language="fr")
    order = said("trois clés", wish("order"), language="fr", values={"pieces": "3", "door": "front_door"})
    assert "3 clés pour la porte d'entrée : d'accord ?" in french.say(order)


def test_a_choice_among_numbers_is_filed_as_a_number() -> None:
    talk = Talk(_agent())
    order = said("one key, ground floor", wish("order"), values={"pieces": "1", "floor": "0"})
    assert "the ground floor" in talk.say(order)
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["floor"] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_limit_of_the_schema_is_told_and_the_field_asked_again(language: str) -> None:
    talk = Talk(_agent(), language=language)
    talk.say(said("keys please", wish("order"), language=language))
    for value, limit in (("50", "20"), ("0", "1")):
        reply = talk.say(said(value, language=language, values={"pieces": value}))
        assert value in reply and limit in reply and "?" in reply, reply
        assert talk.keys[0].startswith("limit.m") and talk.keys[-1] in {"ask", "ask_field_again"}
    talk.say(said("2", language=language, values={"pieces": "2"}))
    assert talk.keys[-1] == "confirm"
    talk.say(said("oui", reaction=Reaction.YES, language=language))
    assert [each["pieces"] for each in talk.records] == [2]


def test_after_three_values_that_do_not_fit_it_is_left() -> None:
    talk = Talk(_agent())
    talk.say(said("keys please", wish("order")))
    replies = [talk.say(said(value, values={"pieces": value})) for value in ("50", "1.5", "0")]
    assert "whole number" in replies[1]
    assert "will not be filed" in replies[2] or "not filed" in replies[2]


def test_a_value_that_does_not_fit_leaves_what_was_confirmed_as_it_was() -> None:
    talk = Talk(_agent())
    talk.say(said("two keys", wish("order"), values={"pieces": "2"}))
    talk.say(said("no, fifty", reaction=Reaction.NO, acts=("nevermind",), values={"pieces": "50"}))
    assert talk.keys[0] == "limit.maximum" and talk.keys[-1].startswith("confirm")
    talk.say(said("then two", reaction=Reaction.YES))
    assert talk.records[0]["pieces"] == 2
    talk.say(said("no, fifty", corrects=True, values={"pieces": "50"}))
    assert talk.keys[0] == "limit.maximum" and talk.records[0]["pieces"] == 2


def test_leading_zeros_of_a_text_stay() -> None:
    talk = Talk(_agent())
    talk.say(said("two keys", wish("order"), values={"pieces": "2", "digits": "42"}))
    assert talk.keys[0] == "limit.other"
    talk.say(said("0042", values={"digits": "0042"}))
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["digits"] == "0042"


def test_a_numeric_field_is_not_filled_with_words() -> None:
    talk = Talk(_agent())
    talk.say(said("keys please", wish("order")))
    talk.say(said("as many as you like"))
    assert talk.keys == ["ask_field_again"]


def test_a_field_without_a_name_is_asked_for_again_in_its_own_words() -> None:
    talk = Talk(_agent())
    talk.say(said("a broken lock", wish("repair"), values={"pieces": "1"}))
    assert talk.say(said("hm")) == "I need that for repair. Which door?"


def test_an_answer_that_only_tells_something_is_no_other_wish() -> None:
    talk = Talk(_agent())
    talk.say(said("a broken lock", wish("repair"), values={"pieces": "1"}))
    door = said("the front door", wish("order", score=0.6), values={"door": "front_door"})
    assert "What is wrong with it?" in talk.say(door)
    talk.say(said("the key turns round and round", wish("order", score=0.6)))
    assert talk.filed == ["repair"]
    assert talk.records[0]["trouble"] == "the key turns round and round"


@pytest.mark.parametrize(
    ("reaction", "score", "filed"),
    [(Reaction.NONE, 0.8, ["repair"]), (Reaction.NONE, 0.99, []), (Reaction.NO, 0.6, [])],
)
def test_an_answer_withdraws_only_what_it_surely_withdraws(reaction: Reaction, score: float, filed: list[str]) -> None:
    talk = Talk(_agent())
    talk.say(said("a broken lock", wish("repair"), values={"pieces": "1", "door": "front_door"}))
    scores = (("nevermind", score),)
    talk.say(said("it just does not close", acts=("nevermind",), reaction=reaction, scores=scores))
    assert talk.filed == filed


def test_a_number_within_an_answer_in_own_words_belongs_to_the_answer() -> None:
    talk = Talk(_agent())
    talk.say(said("a broken lock", wish("repair"), values={"pieces": "1", "door": "front_door"}))
    talk.say(said("it takes 15 turns to open", mentions=(Mention("number", "15", 9, 11),)))
    assert (talk.records[0]["trouble"], talk.records[0]["pieces"]) == ("it takes 15 turns to open", 1)
