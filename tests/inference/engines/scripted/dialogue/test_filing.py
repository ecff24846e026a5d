"""One thing once: repeated wishes, two wishes in one message, status, corrections after filing, tools that fail."""

from __future__ import annotations

import pytest

from db.agents.tool_names import FIND_CRM_RECORDS
from inference.engines.scripted.values import Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


@pytest.fixture
def talk() -> Talk:
    """A fault is filed."""
    talk = Talk()
    talk.say(said("my box is dead", wish("device"), account_id="55210"))
    assert talk.filed == ["technical_issue"]
    return talk


def test_the_record_holds_what_was_said_and_nothing_else(talk: Talk) -> None:
    wanted = {"account_id": "55210", "query": "my box is dead", "intent": "device", "priority": "NORMAL"}
    kept = {name: value for name, value in talk.records[0].items() if name in {*wanted, "name", "phone"}}
    assert kept == wanted


@pytest.mark.parametrize("again", ["my box is dead", "the lights are off", "I told you, do something about the box!"])
def test_the_same_wish_again_is_not_filed_again(talk: Talk, again: str) -> None:
    reply = talk.say(said(again, wish("device")))
    assert len(talk.records) == 1
    assert talk.keys[0] == "already_filed"
    assert "K700R123" in reply


def test_a_further_matter_of_the_same_kind_is_filed(talk: Talk) -> None:
    talk.say(said("and another thing, I cannot sign in", wish("login", score=0.95)))
    assert [each["intent"] for each in talk.records] == ["device", "login"]


def test_two_wishes_in_one_message_are_filed_once_each() -> None:
    talk = Talk()
    reply = talk.say(
        said(
            "my internet is down and the technician never came",
            wish("outage", "my internet is down"),
            wish("complaint", "the technician never came"),
            account_id="88213",
        )
    )
    assert talk.filed == ["technical_issue", "complaint"]
    assert [each["query"] for each in talk.records] == ["my internet is down", "the technician never came"]
    assert "K700R123" in reply
    assert "K701R123" in reply
    both = talk.say(said("did you file both", acts=("status",), question=True))
    assert "K700R123" in both
    assert "K701R123" in both
    talk.say(said("I said my internet is down", wish("outage"), wish("complaint")))
    assert len(talk.records) == 2


def test_a_correction_changes_the_record(talk: Talk) -> None:
    reply = talk.say(said("sorry the account is 55201", account_id="55201", corrects=True))
    assert talk.keys[0] == "updated"
    assert "55201" in reply
    assert talk.records[0]["account_id"] == "55201"
    assert len(talk.records) == 1


def test_a_plan_told_late_is_added() -> None:
    talk = Talk(known={"account_id": "9247"})
    talk.say(said("I want another plan", wish("plan_change")))
    talk.say(said("yes", reaction=Reaction.YES))
    talk.say(said("the Essential plan", target_plan="Essential"))
    assert talk.records[0]["target_plan"] == "Essential"
    assert len(talk.records) == 1


def test_an_update_that_fails_is_told(talk: Talk) -> None:
    talk.broken = True
    talk.say(said("sorry the account is 55201", account_id="55201", corrects=True))
    assert talk.keys[0] == "update_failed"
    assert talk.records[0]["account_id"] == "55210"


def test_without_the_tool_a_correction_goes_to_a_person(talk: Talk) -> None:
    talk.tools = frozenset(each.name for each in talk.agent.scenarios)
    talk.say(said("sorry the account is 55201", account_id="55201", corrects=True))
    assert talk.keys == ["correction_offer"]
    talk.say(said("yes", reaction=Reaction.YES))
    talk.say(said("Ann Lee", name="Ann Lee"))
    assert talk.filed == ["human_handover"]
    assert talk.records[1]["query"] == "sorry the account is 55201"


def test_another_account_for_another_matter_leaves_the_first(talk: Talk) -> None:
    talk.say(said("for account 777 I was charged twice", wish("overcharge"), account_id="777"))
    assert [each["account_id"] for each in talk.records] == ["55210", "777"]


def test_a_filed_wish_cannot_be_taken_back_here(talk: Talk) -> None:
    talk.say(said("I do not want the box looked at", wish("device", polarity=Polarity.DENIED)))
    assert talk.keys[0] == "withdraw_offer"
    assert len(talk.records) == 1


def test_is_it_filed_files_nothing() -> None:
    talk = Talk()
    talk.say(said("is my thing filed", acts=("status",), question=True))
    assert talk.records == []
    assert talk.keys[0] == "status_nothing"
    talk.say(said("I was charged twice", wish("overcharge")))
    talk.say(said("is it filed", acts=("status",), question=True))
    assert talk.keys[0] == "not_yet"
    assert talk.keys[-1] == "ask_any_again" or talk.keys[-1] == "ask_any"


def test_an_earlier_session_is_looked_up() -> None:
    talk = Talk(found=[{"scenario": "complaint", "reference": "B123K456", "status": "DONE"}])
    assert "B123K456" in talk.say(said("what became of my complaint", acts=("status",), question=True))
    assert any(getattr(item, "name", "") == FIND_CRM_RECORDS for item in talk.history)


def test_a_settled_matter_files_nothing() -> None:
    talk = Talk(known={"account_id": "1"})
    talk.say(said("it works again", wish("outage", polarity=Polarity.SETTLED)))
    assert talk.keys[0] == "settled"
    assert talk.records == []


def test_a_refused_value_is_asked_again() -> None:
    talk = Talk(known={"phone": "not-a-number", "name": "Jane"})
    talk.say(said("my router is broken", wish("device")))
    assert talk.keys[:2] == ["failed", "failed_field"]
    talk.say(said("555-0199", phone="555-0199"))
    assert talk.records[0]["phone"] == "555-0199"


def test_a_broken_tool_is_admitted_and_a_person_offered() -> None:
    talk = Talk(known={"name": "Jane"}, broken=True)
    talk.say(said("my router is broken", wish("device")))
    assert talk.keys == ["failed", "failed_offer"]
    talk.say(said("no", reaction=Reaction.NO))
    assert talk.keys == ["how_help"]
    assert talk.records == []


def test_urgency_is_the_matters() -> None:
    talk = Talk(known={"name": "Jane"})
    talk.say(said("emergency the line is dead", wish("outage"), priority="URGENT"))
    assert talk.records[0]["priority"] == "URGENT"


def test_a_remark_beside_a_wish_is_none() -> None:
    talk = Talk(known={"name": "Jane"})
    talk.say(
        said(
            "I am furious, my internet is dead",
            wish("complaint", "I am furious", score=0.89),
            wish("outage", "my internet is dead", score=0.99),
        )
    )
    assert talk.filed == ["technical_issue"]


def test_another_wish_instead_replaces_what_was_pending() -> None:
    talk = Talk()
    talk.say(said("my bill is wrong", wish("billing")))
    talk.say(said("I want to make a complaint instead, Tom Baker", wish("complaint"), name="Tom Baker"))
    assert talk.filed == ["complaint"]
    assert talk.keys[1] == "dropped" or "dropped" in talk.keys


def test_a_weaker_wish_that_is_joined_counts() -> None:
    talk = Talk(known={"name": "Jane"})
    talk.say(
        said(
            "my bill is too high and my wifi keeps dropping",
            wish("billing", "my bill is too high", score=0.99),
            wish("outage", "my wifi keeps dropping", score=0.7),
        )
    )
    assert talk.filed == ["billing_query", "technical_issue"]
