"""A number in pieces over several messages: the rest of a first piece is asked for, and the two are one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.values import Mention, Reaction, Understanding
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def _says(
    text: str, value: str, form: str = "account_id", language: str = "en", *, corrects: bool = False
) -> Understanding:
    start = text.find(value)
    end = start + len(value) if start >= 0 else len(text)
    field = form if form in {"account_id", "phone"} else None
    return said(text, mentions=(Mention(form, value, max(start, 0), end, field),), language=language, corrects=corrects)


def _talk(language: str = "en") -> Talk:
    talk = Talk(language=language)
    talk.say(said("it is too high", wish("billing"), language=language))
    return talk


@pytest.mark.parametrize(
    ("language", "first", "rest"),
    [
        ("en", "the first half is 4198", "and then 820"),
        ("en", "it starts with 4198", "820"),
        ("de", "der erste Teil ist 4198", "der Rest ist 820"),
        ("es", "empieza por 4198", "y luego 820"),
        ("fr", "je n'ai que la moitié : 4198", "et ensuite 820"),
        ("hi", "पहला हिस्सा 4198 है", "और फिर 820"),
        ("hi", "shuru mein 4198 hai", "baaki 820 hai"),
        ("hi", "پہلا حصہ 4198 ہے", "باقی 820 ہے"),
    ],
)
def test_a_first_piece_waits_for_the_rest(language: str, first: str, rest: str) -> None:
    talk = _talk(language)
    talk.say(_says(first, "4198", language=language))
    assert talk.filed == [] and talk.keys == ["ask_rest"]
    talk.say(_says(rest, "820", language=language))
    assert [each["account_id"] for each in talk.records] == ["4198820"]


def test_a_corrected_piece_and_the_whole_number_are_not_joined() -> None:
    talk = _talk()
    talk.say(_says("the first half is 4198", "4198"))
    talk.say(replace(_says("no, 4199", "4199", corrects=True), acts=("nevermind",)))
    assert talk.filed == [] and talk.keys == ["ask_rest"]
    talk.say(_says("and then 820", "820"))
    assert talk.records[0]["account_id"] == "4199820"
    whole = _talk()
    whole.say(_says("the first half is 4198", "4198"))
    whole.say(_says("4198820", "4198820"))
    assert whole.records[0]["account_id"] == "4198820"


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [("my phone is 0770090061", "0770090061", "phone"), ("and then 820 dollars", "820 USD", "money")],
)
def test_another_number_is_not_joined(text: str, value: str, form: str) -> None:
    talk = _talk()
    talk.say(_says("the first half is 4198", "4198"))
    talk.say(_says(text, value, form))
    assert all(each.get("account_id") is None for each in talk.records)


def test_a_piece_that_does_not_go_on_is_not_asked_for_without_end() -> None:
    talk = _talk()
    talk.say(_says("the first half is 4198", "4198"))
    talk.say(_says("it starts with 4198", "4198"))
    talk.say(_says("4198", "4198"))
    assert [each.get("account_id") for each in talk.records] == [None]


@pytest.mark.parametrize(("first", "rest"), [("KD 44", "7120"), ("the first half is KD 447", "and then 120")])
def test_a_code_is_joined_where_its_form_is_fulfilled(first: str, rest: str) -> None:
    talk = Talk(_keys())
    talk.say(said("a key please", wish("order")))
    talk.say(said(first))
    assert talk.filed == []
    talk.say(said(rest))
    assert [each["code"] for each in talk.records] == ["KD-447120"]


@pytest.mark.parametrize("rest", ["712", "no, 7120"])
def test_a_code_is_not_joined_otherwise(rest: str) -> None:
    talk = Talk(_keys())
    talk.say(said("a key please", wish("order")))
    talk.say(said("KD 44"))
    talk.say(said(rest, reaction=Reaction.NO if rest.startswith("no") else Reaction.NONE))
    assert talk.records == []


def _keys() -> AgentDefinition:
    code = {"schema": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"}, "required": True, "ask": {"en": "Code?"}}
    order = {"name": "order", "description": "Keys.", "fields": {"code": code}, "ask_for": ["code"]}
    return AgentDefinition.model_validate(
        {
            "name": "keys",
            "description": "Cuts keys.",
            "languages": ["en"],
            "instructions": "You cut keys.",
            "intents": [{"name": "order", "scenario": "order", "examples": {"en": ["a key please"]}}],
            "scenarios": [order],
        }
    )
