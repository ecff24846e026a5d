"""Consent over a conversation: denials and what takes them back, conditions, and which question a yes answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition, ToolServer
from inference.engines.scripted.reading.lexicon_reader import LexiconReader
from inference.ports import AssistantMessage, CompletedToolCall, HistoryItem, ToolRequest, ToolSpec, UserMessage
from inference.tools.external_specs import allowed
from inference.turn.guard.conversation import Conversation
from inference.turn.guard.reading import Answer, Reading
from inference.turn.guard.tool_guard import refusal_of

AGENT = builtin_agents()["billing_agent"]
ASKED = AssistantMessage("Shall I file the cancellation request?")
WANTS = UserMessage("cancel it")
YES = UserMessage("yes")
WANTED = Reading(named=frozenset({"cancel"}), wanted=frozenset({"cancel"}))
DENIED = Reading(answer=Answer.NO, named=frozenset({"cancel"}), denied=frozenset({"cancel"}))


class Told(LexiconReader):
    """Readings by text; the others by word lists."""

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self._readings = readings

    def read(self, text: str, language: str, agent: AgentDefinition, *, question: str | None = None) -> Reading:
        return self._readings.get(text) or super().read(text, language, agent, question=question)


def said(*items: HistoryItem, agent: AgentDefinition = AGENT, **readings: Reading) -> Conversation:
    """``readings``: of texts, their spaces as underscores."""
    told = {"cancel it": WANTED, **{text.replace("_", " "): reading for text, reading in readings.items()}}
    return Conversation(items, agent=agent, language="en", known={}, reader=Told(told))


async def refused(conversation: Conversation, name: str = "cancellation", **arguments: Any) -> str | None:
    request = ToolRequest("1", name, {"query": "cancel it", "intent": "cancel", **arguments})
    scenario = AGENT.scenario(name)
    spec = ToolSpec(name, "", {}, confirm=scenario is not None and scenario.confirm)
    refusal = await refusal_of(request, spec, conversation)
    return None if refusal is None else refusal.rule.value


async def test_a_yes_to_the_question_for_it() -> None:
    assert await refused(said(WANTS, ASKED, YES)) is None


@pytest.mark.parametrize(
    "items",
    [
        (WANTS,),
        (WANTS, AssistantMessage("What is your name?"), YES),
        (WANTS, AssistantMessage("I will see to the cancellation request."), YES),
        (WANTS, ASKED, UserMessage("no"), AssistantMessage("Good. Is that all?"), YES),
        (WANTS, ASKED, YES, AssistantMessage("Is your name Ann?"), YES),
        (WANTS, ASKED, UserMessage("what is your name?"), AssistantMessage("Bot. Shall I go on?"), YES),
        (WANTS, ASKED, UserMessage("hm"), AssistantMessage("Hm."), UserMessage("maybe")),
        (AssistantMessage("Shall I file the complaint?"), YES),
    ],
)
async def test_no_yes_to_the_question_for_it(items: tuple[HistoryItem, ...]) -> None:
    assert await refused(said(*items)) in {"NOT_CONFIRMED", "DENIED"}


async def test_a_yes_after_a_question_in_between_that_was_answered() -> None:
    items = (WANTS, ASKED, UserMessage("what does it cost?"), AssistantMessage("I cannot tell you that."), YES)
    assert await refused(said(*items)) is None


async def test_a_condition_counts_only_in_the_arguments() -> None:
    condition = Reading(answer=Answer.CONDITION, condition="not before December 31")
    talk = said(WANTS, ASKED, UserMessage("yes but late"), yes_but_late=condition)
    assert await refused(talk) == "NOT_CONFIRMED"
    said_so = Reading(
        answer=Answer.CONDITION, condition="not before December 31", written="yes, not before December 31"
    )
    talk = said(WANTS, ASKED, UserMessage("yes but late"), yes_but_late=said_so)
    assert await refused(talk, effective="not before December 31") is None


async def test_what_was_denied_is_not_filed_until_it_is_taken_back() -> None:
    no = UserMessage("keep it")
    assert await refused(said(WANTS, no, keep_it=DENIED)) == "DENIED"
    assert await refused(said(WANTS, no, AssistantMessage("Good."), UserMessage("well"), keep_it=DENIED)) == "DENIED"
    assert await refused(said(no, WANTS, ASKED, YES, keep_it=DENIED)) is None
    assert await refused(said(no, ASKED, YES, keep_it=DENIED)) is None


async def test_a_no_to_the_question_for_it_is_a_denial_of_what_needs_no_yes_too() -> None:
    asked = AssistantMessage("Shall I file the complaint?")
    assert await refused(said(asked, UserMessage("no")), "complaint", intent="complaint") == "DENIED"
    assert await refused(said(asked, UserMessage("hm")), "complaint", intent="complaint") is None


def _with_shop(confirm: list[str]) -> AgentDefinition:
    return AGENT.model_copy(update={"tools": [ToolServer(server="shop", confirm=confirm)]})


@pytest.mark.parametrize("confirm", [["refund_order"], ["*"]])
async def test_an_external_tool_that_needs_a_yes(confirm: list[str]) -> None:
    agent = _with_shop(confirm)
    order = UserMessage("refund order 77")
    request = ToolRequest("1", "shop__refund_order", {"order": "77"})
    (spec,) = allowed(agent, "shop", [ToolSpec("shop__refund_order", "", {})])
    before = await refusal_of(request, spec, said(order, agent=agent))
    assert before is not None
    assert before.rule == "NOT_CONFIRMED"
    asked = AssistantMessage("Shall I do that for order 77?")
    assert await refusal_of(request, spec, said(order, asked, YES, agent=agent)) is None
    other = AssistantMessage("Shall I sing?")
    assert await refusal_of(request, spec, said(order, other, YES, agent=agent)) is not None
    # The model asked because it was refused: the question is about it, in whatever words.
    call = CompletedToolCall("1", request.name, request.arguments, before.result)
    assert await refusal_of(request, spec, said(order, call, other, YES, agent=agent)) is None


async def test_only_tools_that_are_not_repeatable_need_a_yes_where_the_definition_says_so() -> None:
    agent = _with_shop(["*"])
    request = ToolRequest("1", "shop__find_order", {"order": "77"})
    talk = said(UserMessage("order 77"), agent=agent)
    safe, unsafe = ToolSpec(request.name, "", {}, repeatable=True), ToolSpec(request.name, "", {})
    assert [await refusal_of(request, spec, talk) is None for spec in allowed(agent, "shop", [safe, unsafe])] == [
        True,
        False,
    ]


async def test_a_value_that_was_corrected_is_refused() -> None:
    corrected = Reading(values=("12", "14"), retracted=("12",), written="not 12 but 14")
    talk = said(UserMessage("the bill of 12"), UserMessage("not 12 but 14"), not_12_but_14=corrected)
    assert await refused(talk, "billing_query", intent="billing", account_id="12") == "NOT_SAID"
    assert await refused(talk, "billing_query", intent="billing", account_id="14") is None


async def test_two_matters_in_one_message_are_both_filed() -> None:
    message = UserMessage("the router blinks red and the television shows nothing")
    first = {"query": "the router blinks red", "intent": "device"}
    filed = CompletedToolCall("1", "technical_issue", first, {"ok": True, "record": {"reference": "K472R819"}})
    talk = said(message, filed)
    second = await refused(talk, "technical_issue", intent="device", query="the television shows nothing")
    assert second is None
    assert await refused(talk, "technical_issue", intent="device", query="the router is blinking red") == "DUPLICATE"
    assert await refused(talk, "technical_issue", intent="device", query="device trouble reported") == "DUPLICATE"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"reference": "K472R819", "account_id": "14"}, None),
        ({"reference": "B111X222", "account_id": "14"}, "NOT_SAID"),
        ({"reference": "K472R819", "account_id": "15"}, "NOT_SAID"),
        ({"reference": "K472R819", "new_phone": "+14155550100"}, "NOT_SAID"),
        ({"reference": "K472R819", "query": "of 99 dollars"}, "NOT_SAID"),
    ],
)
async def test_a_record_is_changed_to_what_was_said(arguments: dict[str, Any], code: str | None) -> None:
    filed = CompletedToolCall("1", "billing_query", {"query": "x"}, {"ok": True, "record": {"reference": "K472R819"}})
    talk = said(UserMessage("my bill"), filed, AssistantMessage("Done."), UserMessage("my account is 14"))
    request = ToolRequest("2", "update_crm_record", arguments)
    refusal = await refusal_of(request, ToolSpec(request.name, "", {}), talk)
    assert (None if refusal is None else refusal.rule.value) == code


@pytest.mark.parametrize(
    ("texts", "refusal"),
    [
        (("my account is AC-20417", "no, it ends in 9"), None),
        (("please call at 9", "my account is AC-20417"), "NOT_SAID"),
    ],
    ids=["put right behind it", "a digit that was said before it"],
)
async def test_a_part_of_a_value_is_put_right_by_what_is_said_behind_it(
    texts: tuple[str, ...], refusal: str | None
) -> None:
    readings = {texts[0]: Reading(), texts[1]: Reading()}
    at = next(number for number, text in enumerate(texts) if "AC-20417" in text)
    readings[texts[at]] = Reading(values=("AC-20417",), written=texts[at])
    items = [UserMessage(text) for text in texts]
    talk = Conversation(tuple(items), agent=AGENT, language="en", known={}, reader=Told(readings))
    assert await refused(talk, "billing_query", intent="billing", query="bill", account_id="AC-20419") == refusal


async def test_one_intent_of_a_scenario_may_be_wanted_in_the_message_that_denies_another() -> None:
    text = "no overcharge that I ordered, I want a refund"
    reading = Reading(
        named=frozenset({"overcharge", "refund"}), wanted=frozenset({"refund"}), denied=frozenset({"overcharge"})
    )
    conversation = Conversation(
        (UserMessage(text),), agent=AGENT, language="en", known={}, reader=Told({text: reading})
    )
    query = {"query": "I want a refund"}
    assert await refused(conversation, "billing_query", intent="refund", **query) is None
    assert await refused(conversation, "billing_query", intent="overcharge", **query) == "DENIED"
