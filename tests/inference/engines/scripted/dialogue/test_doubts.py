"""What may be against the customer's word is asked about: elaborations, remarks beside a no, what is taken back."""

from __future__ import annotations

import pytest

from inference.engines.scripted.values import Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def _filed_outage() -> Talk:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("my internet is down", wish("outage")))
    assert talk.filed == ["technical_issue"]
    return talk


def test_a_matter_told_under_another_intent_of_the_scenario_is_asked_about() -> None:
    talk = _filed_outage()
    talk.say(said("I cannot open a single page", wish("login")))
    assert talk.filed == []
    assert talk.keys[-1] == "confirm"
    talk.say(said("yes please", reaction=Reaction.YES))
    assert talk.filed == ["technical_issue"]
    assert len(talk.records) == 2


def test_it_only_describes_what_the_same_message_says_again() -> None:
    talk = _filed_outage()
    text = "there is no connection, not a page opens"
    talk.say(said(text, wish("outage", "there is no connection"), wish("login", "not a page opens")))
    assert talk.filed == []
    assert talk.keys[0] == "already_filed"
    assert talk.keys[-1] != "confirm"


def test_a_further_matter_that_is_said_to_be_one_is_filed() -> None:
    talk = _filed_outage()
    talk.say(said("and the router blinks red", wish("device")))
    assert talk.filed == ["technical_issue"]
    assert len(talk.records) == 2


def test_what_is_said_beside_a_no_is_no_wish_unless_it_is_asked_for() -> None:
    for requested in (False, True):
        talk = Talk(known={"name": "Ann Lee", "phone": "0171 5550199"})
        talk.say(said("cancel my contract", wish("cancel"), account_id="AC-20417"))
        also = wish("human", "I will call you", score=0.61, requested=requested)
        talk.say(said("no, I will call you", also, reaction=Reaction.NO))
        assert talk.filed == (["human_handover"] if requested else [])
        assert not any(each["scenario"] == "cancellation" for each in talk.records)


def test_what_is_taken_back_before_it_is_filed_is_dropped_although_it_sounds_like_a_yes() -> None:
    talk = Talk()
    talk.say(said("there is a mistake on my bill", wish("billing")))
    talk.say(said("my mistake, all good", acts=("nevermind",), reaction=Reaction.YES))
    talk.say(said("my account is AC-20417", account_id="AC-20417"))
    assert talk.filed == []


def test_a_doubtful_wish_is_filed_only_after_a_yes() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("I wanted to complain, but that is over", wish("complaint", polarity=Polarity.DOUBTFUL)))
    assert talk.filed == []
    talk.say(said("no", reaction=Reaction.NO))
    assert talk.filed == []


def test_the_same_fault_in_words_of_another_intent_is_on_record() -> None:
    talk = _filed_outage()
    talk.say(said("nothing at all works here", wish("technical", near=("outage",))))
    assert talk.filed == []
    assert talk.keys[0] == "already_filed"


def test_a_question_about_what_is_filed_files_nothing() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("I need the invoice for July", wish("invoice")))
    asked = wish("refund", requested=True, asks=True)
    talk.say(said("you did not put in a refund, did you?", asked, question=True, reaction=Reaction.QUESTION))
    assert talk.filed == []
    assert talk.keys[-1] != "confirm"
    assert len(talk.records) == 1


def test_a_sigh_behind_a_filing_is_no_complaint_without_a_yes() -> None:
    talk = _filed_outage()
    talk.say(said("I am really frustrated", wish("complaint")))
    assert talk.filed == []
    assert len(talk.records) == 1


def test_a_few_words_beside_a_wish_that_says_more_are_a_remark() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    fault = wish("outage", "nothing on our line works since eight", score=0.95)
    talk.say(
        said("nothing on our line works since eight, no card payments", fault, wish("payment", "no card payments"))
    )
    assert talk.filed == ["technical_issue"]


def test_a_matter_told_beside_the_value_that_was_asked_for_is_asked_about() -> None:
    for text, filed in (
        ("it is ann@mail.example, the old one stopped working", []),
        ("it is ann@mail.example, and my internet also stopped working", ["technical_issue"]),
    ):
        talk = Talk(known={"name": "Ann Lee"})
        talk.say(said("I have a new address for you", wish("contact_change", requested=True)))
        talk.say(said(text, wish("outage", text.partition(", ")[2]), new_email="ann@mail.example"))
        assert talk.filed == filed


def test_what_is_only_told_and_uncertain_is_asked_about_and_is_no_call_for_a_person() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("the thing is odd", wish("technical", score=0.62)))
    assert talk.filed == []
    assert talk.keys[-1] == "confirm"
    other = Talk(known={"name": "Ann Lee"})
    other.say(said("my manager says that it is enough", wish("human", score=0.62)))
    assert other.filed == []
    assert other.keys[-1] != "confirm"


@pytest.mark.parametrize("polarity", [Polarity.WANTED, Polarity.ASKED])
def test_a_question_of_what_has_come_of_a_filing_is_no_new_matter(polarity: Polarity) -> None:
    """ "Is the line off already?" behind a filed matter files and offers nothing, and gets an honest answer."""
    talk = _filed_outage()
    text = "has the money gone out"
    talk.say(said(text, wish("refund", text, polarity, requested=True, asks=True), question=True, asks_state=True))
    assert talk.filed == []
    assert len(talk.records) == 1
    assert talk.keys[0] == "cannot_tell_filed"
