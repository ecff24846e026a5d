"""Dialogues with the scripted engine in English: questions, confirmations, filed records, admitted failures."""

from __future__ import annotations

import pytest

from inference.engines.scripted.engine import ScriptedEngine
from inference.ports import AssistantMessage, CompletedToolCall, UserMessage
from inference.testing.chat_model import TOOLS, answer, chat_request
from tests.inference.engines.chat import Conversation


@pytest.fixture
def talk(scripted: ScriptedEngine) -> Conversation:
    return Conversation(scripted)


@pytest.mark.parametrize(
    "text", ["Hello!", "Thanks a lot.", "Goodbye.", "What is the weather today?", "My name is Jane.", "qwzx flurb", ""]
)
async def test_what_asks_for_nothing_files_nothing(talk: Conversation, text: str) -> None:
    assert await talk.say(text)
    assert talk.filed == []


async def test_a_name_given_first_is_used_later(talk: Conversation) -> None:
    await talk.say("hello")
    assert "Jane Miller" in await talk.say("my name is jane miller")
    reply = await talk.say("My internet is really slow since Monday")
    assert talk.filed[0][0] == "technical_issue"
    assert talk.filed[0][1]["name"] == "Jane Miller"
    assert talk.filed[0][1]["query"] == "My internet is really slow since Monday"
    assert "K7Q2M1" in reply
    assert "Jane Miller" in await talk.say("what is my name?")
    assert "K7Q2M1" in await talk.say("what is my reference?")
    assert len(talk.filed) == 1


async def test_billing_asks_who_is_speaking_once(talk: Conversation) -> None:
    reply = await talk.say("Why is my bill so high this month?")
    assert "account number" in reply
    assert talk.filed == []
    reply = await talk.say("It's ACC-12345, Jane Miller")
    (scenario, payload) = talk.filed[0]
    assert scenario == "billing_query"
    assert "Why is my bill so high this month" in payload["query"]
    rest = {"name": "Jane Miller", "account_id": "ACC-12345", "intent": "billing", "priority": "NORMAL"}
    assert {name: value for name, value in payload.items() if value and name != "query"} == rest
    assert "ACC-12345" in reply
    assert "K7Q2M1" in reply


async def test_who_would_not_say_is_filed_without_and_not_asked_again(talk: Conversation) -> None:
    await talk.say("Why is my bill so high this month?")
    await talk.say("I'd rather not say")
    assert not any(talk.filed[0][1].get(slot) for slot in ("name", "phone", "account_id"))
    await talk.say("And I want to make a complaint, your agent was rude to me")
    assert [name for name, _ in talk.filed] == ["billing_query", "complaint"]


async def test_a_hello_in_between_is_no_answer(talk: Conversation) -> None:
    await talk.say("Why is my bill so high this month?")
    assert "account number" in await talk.say("hello?")
    assert talk.filed == []


async def test_what_the_session_knows_is_used(scripted: ScriptedEngine) -> None:
    talk = Conversation(scripted, known={"customer_id": "c", "account_id": "ACC-7", "name": "Jane Miller"})
    await talk.say("I was charged twice, this is urgent")
    assert talk.filed[0][1]["account_id"] == "ACC-7"
    assert talk.filed[0][1]["priority"] == "URGENT"


async def test_a_cancellation_is_filed_only_after_a_yes(talk: Conversation) -> None:
    reply = await talk.say("I want to cancel my contract because it is too expensive, my account is A 12")
    assert "A12" in reply
    assert talk.filed == []
    reply = await talk.say("Yes, please.")
    assert talk.filed[0][0] == "cancellation"
    assert "too expensive" in str(talk.filed[0][1]["reason"])
    assert "K7Q2M1" in reply


@pytest.mark.parametrize("no", ["No.", "never mind", "Goodbye"])
async def test_without_a_yes_it_is_dropped(talk: Conversation, no: str) -> None:
    await talk.say("I want to cancel my contract, account A12")
    await talk.say(no)
    assert talk.filed == []
    assert "no request" in await talk.say("did you file it?")
    await talk.say("yes")
    assert talk.filed == []


async def test_a_correction_replaces_and_is_confirmed_anew(talk: Conversation) -> None:
    await talk.say("I want to cancel my contract, account A12")
    assert "B22" in await talk.say("no, the account is B 22")
    await talk.say("yes")
    assert talk.filed[0][1]["account_id"] == "B22"


async def test_a_corrected_name_is_the_one_that_is_used(talk: Conversation) -> None:
    await talk.say("Hi, my name is Jane Smith")
    await talk.say("no, my name is Joan Smith")
    await talk.say("my router is broken")
    assert talk.filed[0][1]["name"] == "Joan Smith"


async def test_a_correction_after_filing_changes_the_record(talk: Conversation) -> None:
    await talk.say("My bill is wrong, account A12")
    reply = await talk.say("no, my account is B12")
    assert "K7Q2M1" in reply
    assert "B12" in reply
    assert [(name, payload["account_id"]) for name, payload in talk.filed] == [("billing_query", "B12")]


async def test_a_changed_mind_replaces_the_request(talk: Conversation) -> None:
    await talk.say("I have a billing question, my bill is wrong")
    await talk.say("Actually I want to cancel my contract instead. My name is Tom Baker.")
    await talk.say("yes")
    assert [name for name, _ in talk.filed] == ["cancellation"]
    assert talk.filed[0][1]["name"] == "Tom Baker"


async def test_a_second_request_does_not_lose_the_first(talk: Conversation) -> None:
    await talk.say("My bill is wrong")
    reply = await talk.say("I also want to cancel my contract, my account is A12")
    assert [name for name, _ in talk.filed] == ["billing_query"]
    assert "K7Q2M1" in reply
    assert "A12" in reply
    await talk.say("yes")
    assert [name for name, _ in talk.filed] == ["billing_query", "cancellation"]


async def test_two_requests_in_one_breath_are_both_filed(talk: Conversation) -> None:
    reply = await talk.say("My internet is down and I was charged twice. My account is 55512.")
    assert [name for name, _ in talk.filed] == ["technical_issue", "billing_query"]
    assert "K7Q2M1" in reply
    assert "K7Q2M2" in reply


async def test_the_same_request_is_not_filed_twice(talk: Conversation) -> None:
    await talk.say("I was charged twice, account A12")
    assert "K7Q2M1" in await talk.say("I was charged twice, account A12")
    assert len(talk.filed) == 1


async def test_a_plan_is_confirmed_by_name(talk: Conversation) -> None:
    assert "Family" in await talk.say("This is Jane Miller speaking, I want to switch to the Family plan")
    await talk.say("yes")
    assert talk.filed[0][1]["target_plan"] == "Family"


async def test_new_contact_details_are_not_the_ones_to_reach_the_customer_on(talk: Conversation) -> None:
    await talk.say("I have a new phone number")
    await talk.say("555-0142")
    assert "555-0142" in await talk.say("my name is Al Green")
    await talk.say("yes")
    assert talk.filed[0][1]["new_phone"] == "555-0142"
    assert not talk.filed[0][1].get("phone")


async def test_an_address_needs_no_cue_when_it_was_asked_for(talk: Conversation) -> None:
    await talk.say("My name is Al Green and I want to update my contact details")
    assert "12 Oak Avenue" in await talk.say("12 Oak Avenue, Springfield")
    await talk.say("yes")
    assert talk.filed[0][1]["new_address"] == "12 Oak Avenue, Springfield"


async def test_unsure_twice_offers_a_person(talk: Conversation) -> None:
    await talk.say("qwzx flurb")
    assert "person" in await talk.say("flurb the wobbly grommet")
    assert talk.filed == []
    await talk.say("yes please")
    await talk.say("My name is Jane Miller")
    assert talk.filed[0][0] == "human_handover"
    assert talk.filed[0][1]["query"] == "flurb the wobbly grommet"


async def test_a_person_asked_for_can_reach_the_customer(talk: Conversation) -> None:
    assert "phone number" in await talk.say("I want to talk to a person")
    assert talk.filed == []
    assert "415-555-0132" in await talk.say("Ann Lee, 415-555-0132")
    assert talk.filed[0][0] == "human_handover"


async def test_a_refused_value_is_said_and_asked_again(scripted: ScriptedEngine) -> None:
    talk = Conversation(scripted, known={"phone": "not-a-number", "name": "Jane"})
    reply = await talk.say("my router is broken")
    assert "could not" in reply
    assert "phone number" in reply
    assert "K7Q2M" not in reply
    await talk.say("555-0199")
    assert talk.filed[0][1]["phone"] == "555-0199"


async def test_a_broken_tool_is_admitted(talk: Conversation) -> None:
    talk.broken = True
    reply = await talk.say("my router is broken, account A12")
    assert "could not record" in reply
    assert "person" in reply
    talk.broken = False
    await talk.say("no")
    assert "no request" in await talk.say("did you record my request?")


async def test_an_unknown_outcome_is_told_as_one(scripted: ScriptedEngine) -> None:
    said = UserMessage("my router is broken, account A12")
    wish = (await answer(scripted, chat_request(said))).calls[0]
    lost = CompletedToolCall(wish.call_id, wish.name, wish.arguments, {"ok": False, "outcome": "unknown", "errors": []})
    reply = (await answer(scripted, chat_request(said, lost))).text
    assert "cannot tell whether" in reply
    assert "could not record" not in reply


async def test_a_request_for_another_persona_is_not_taken(scripted: ScriptedEngine) -> None:
    talk = Conversation(scripted, agent="technical_agent")
    assert "person" in await talk.say("My bill is wrong")
    await talk.say("no")
    assert talk.filed == []


async def test_without_tools_nothing_is_promised(scripted: ScriptedEngine) -> None:
    talk = Conversation(scripted, tools=())
    assert "cannot record" in await talk.say("My bill is wrong, account A12")
    assert "cannot" not in await talk.say("thank you")


async def test_status_across_sessions_is_looked_up(talk: Conversation) -> None:
    talk.found = [{"scenario": "complaint", "reference": "OLD123", "status": "DONE"}]
    assert "OLD123" in await talk.say("What's the status of my complaint?")


async def test_status_without_a_record_is_no_promise(talk: Conversation) -> None:
    assert "no request" in await talk.say("What's the status of my complaint?")


async def test_silence_keeps_the_question_open(talk: Conversation) -> None:
    await talk.say("I want to cancel my contract, account A12")
    assert "did not catch" in await talk.say("")
    await talk.say("yes")
    assert talk.filed[0][0] == "cancellation"


async def test_nothing_is_kept_between_replies(scripted: ScriptedEngine) -> None:
    """A worker that starts in the middle of a turn goes on from the history alone."""
    history = (
        UserMessage("I was charged twice, account A12"),
        CompletedToolCall("c1", "billing_query", {"query": "q"}, {"ok": True, "record": {"reference": "AAA111"}}),
    )
    first = await answer(scripted, chat_request(*history))
    assert "AAA111" in first.text
    later = chat_request(*history, AssistantMessage(first.text), UserMessage("what is my reference?"))
    assert "AAA111" in (await answer(scripted, later)).text


async def test_the_same_history_gets_the_same_reply(scripted: ScriptedEngine) -> None:
    request = chat_request(UserMessage("hello"))
    assert (await answer(scripted, request)).text == (await answer(scripted, request)).text


async def test_details_say_what_was_understood(talk: Conversation) -> None:
    await talk.say("my name is Jane Miller and my router is broken")
    assert talk.last is not None
    details = talk.last.finished.details
    assert details["entities"] == {"name": "Jane Miller"}
    assert [each["intent"] for each in details["understood"]] == ["device"]
    assert details["language"] == "en"


async def test_only_offered_tools_are_asked_for(scripted: ScriptedEngine) -> None:
    only = tuple(tool for tool in TOOLS if tool.name == "complaint")
    talk = Conversation(scripted, tools=only)
    await talk.say("My bill is wrong, account A12")
    await talk.say("I want to make a complaint")
    assert [name for name, _ in talk.filed] == ["complaint"]
