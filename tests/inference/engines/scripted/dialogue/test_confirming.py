"""Answers to a confirmation: only a clear yes files; a condition is recorded and read back."""

from __future__ import annotations

import pytest

from inference.engines.scripted.values import Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


@pytest.fixture
def talk() -> Talk:
    """A cancellation waits for a yes."""
    talk = Talk(known={"name": "Ann Lee"})
    assert "confirm" in talk.keys or talk.say(said("cancel my contract", wish("cancel"), account_id="AC-20417"))
    assert talk.keys[-1] == "confirm"
    assert talk.filed == []
    return talk


def test_a_yes_files(talk: Talk) -> None:
    reply = talk.say(said("do that please", reaction=Reaction.YES))
    assert talk.filed == ["cancellation"]
    assert "K700R123" in reply


def test_the_wish_again_within_the_yes_files_once(talk: Talk) -> None:
    talk.say(said("yes cancel it", wish("cancel"), reaction=Reaction.YES))
    assert talk.filed == ["cancellation"]
    assert talk.records[0]["query"] == "cancel my contract"


@pytest.mark.parametrize(
    "answer",
    [
        said("no", reaction=Reaction.NO),
        said("no, rather not", acts=("nevermind",), reaction=Reaction.NO, declines=True, corrects=True),
        said("no do not cancel", wish("cancel", polarity=Polarity.DENIED), reaction=Reaction.NO),
        said("do not cancel", wish("cancel", polarity=Polarity.DENIED)),
        said("forget it", acts=("nevermind",)),
        said("bye then", acts=("goodbye",)),
    ],
)
def test_a_denial_withdraws_it_and_is_told_so(talk: Talk, answer: object) -> None:
    reply = talk.say(answer)  # type: ignore[arg-type]  # an Understanding
    assert talk.keys[0] in {"dropped", "not_filed"}
    assert "cancellation" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records == []


def test_a_wait_keeps_it_open(talk: Talk) -> None:
    talk.say(said("wait, not yet", reaction=Reaction.WAIT))
    assert talk.keys == ["wait"]
    talk.say(said("okay go ahead", reaction=Reaction.YES))
    assert talk.filed == ["cancellation"]


@pytest.mark.parametrize(
    "answer",
    [
        said("yes but no", reaction=Reaction.MIXED),
        said("will I get my deposit back", reaction=Reaction.QUESTION, question=True),
        said("hm the thing with the", unsure=True),
        said("what", acts=("unclear",)),
    ],
)
def test_a_doubtful_answer_is_asked_again_in_other_words(talk: Talk, answer: object) -> None:
    before = talk.history[-1]
    reply = talk.say(answer)  # type: ignore[arg-type]  # an Understanding
    assert talk.filed == []
    assert talk.keys[-1] == "confirm"
    assert "Shall I file the cancellation of your contract?" in str(before)
    assert "Shall I file the cancellation of your contract?" not in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.filed == ["cancellation"]


def test_a_question_is_answered_first(talk: Talk) -> None:
    talk.say(said("will I get my deposit back", reaction=Reaction.QUESTION, question=True))
    assert talk.keys[0] == "cannot_tell"


def test_a_condition_is_recorded_and_read_back(talk: Talk) -> None:
    condition = "not before December 31"
    reply = talk.say(said(f"yes but {condition}", reaction=Reaction.CONDITION, condition=condition))
    assert talk.filed == []
    assert condition in reply
    talk.say(said("right, December 31, go ahead", reaction=Reaction.CONDITION, condition="December 31"))
    assert talk.filed == ["cancellation"]
    assert talk.records[0]["effective"] == condition


def test_a_condition_without_its_field_is_in_the_query() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("switch me to Gold", wish("plan_change"), target_plan="Gold"))
    talk.say(said("yes but only from May", reaction=Reaction.CONDITION, condition="only from May"))
    talk.say(said("yes", reaction=Reaction.YES))
    assert "only from May" in talk.records[0]["query"]


def test_a_condition_in_the_wish_is_read_back() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    reply = talk.say(said("cancel it at the end of May", wish("cancel", condition="at the end of May")))
    assert "at the end of May" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["effective"] == "at the end of May"


def test_another_wish_instead_takes_its_place(talk: Talk) -> None:
    talk.say(
        said(
            "no, I do not want to cancel, I want another plan",
            wish("cancel", polarity=Polarity.DENIED),
            wish("plan_change"),
            reaction=Reaction.NO,
        )
    )
    assert talk.keys[0] == "dropped"
    talk.say(said("yes", reaction=Reaction.YES))
    assert [each["scenario"] for each in talk.records] == ["plan_change"]


def test_a_corrected_value_is_read_back_and_not_filed() -> None:
    talk = Talk(known={"account_id": "AC-1"})
    talk.say(said("switch me to the Gold plan", wish("upgrade"), target_plan="Gold"))
    reply = talk.say(said("no, the Silver plan", reaction=Reaction.NO, corrects=True, target_plan="Silver"))
    assert talk.filed == []
    assert "Silver" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["target_plan"] == "Silver"


def test_a_doubtful_wish_is_asked_about() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("maybe I want my money back", wish("refund", polarity=Polarity.DOUBTFUL)))
    assert talk.keys[-1] == "confirm"
    talk.say(said("yes please", reaction=Reaction.YES))
    assert talk.filed == ["billing_query"]


def test_what_is_only_asked_about_is_offered_and_forgotten() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("how do I cancel", wish("cancel", polarity=Polarity.ASKED), question=True))
    assert talk.keys[-1] == "confirm"
    talk.say(said("my internet is down", wish("outage")))
    assert talk.filed == ["technical_issue"]
    assert "confirm" not in talk.keys
    talk.say(said("yes", reaction=Reaction.YES))
    assert len(talk.records) == 1


def test_a_denied_value_is_no_denied_wish() -> None:
    talk = Talk(known={"account_id": "AC-1"})
    talk.say(said("switch me to Premium", wish("upgrade"), target_plan="Premium"))
    talk.say(
        said(
            "ah no, not Premium, Comfort",
            wish("upgrade", polarity=Polarity.DENIED),
            reaction=Reaction.NO,
            acts=("nevermind",),
            target_plan="Comfort",
        )
    )
    assert talk.keys[-1] == "confirm"
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["target_plan"] == "Comfort"


def test_a_condition_is_no_never_mind(talk: Talk) -> None:
    condition = "not before December 31"
    talk.say(said(f"yes but {condition}", acts=("nevermind",), reaction=Reaction.CONDITION, condition=condition))
    assert talk.keys[-1] == "confirm"


def test_a_question_instead_of_a_yes_files_nothing(talk: Talk) -> None:
    talk.say(said("will I get my deposit back", wish("refund"), reaction=Reaction.WAIT, question=True))
    assert talk.records == []
    talk.say(said("then yes", reaction=Reaction.YES))
    assert [each["scenario"] for each in talk.records] == ["cancellation"]


def test_a_corrected_address_is_read_back_with_the_new_value() -> None:
    talk = Talk(known={"account_id": "AC-1"}, language="es")
    talk.say(said("mi correo es ana@correo.example", wish("contact_change"), new_email="ana@correo.example"))
    reply = talk.say(said("no, es anna@correo.example", reaction=Reaction.NO, new_email="anna@correo.example"))
    assert "anna@correo.example" in reply
    again = talk.say(said("hm", unsure=True))
    assert "anna@correo.example" in again


def test_a_no_with_words_that_were_not_understood_is_asked_again(talk: Talk) -> None:
    talk.say(said("no, the other one", reaction=Reaction.NO))
    assert talk.keys[-1] == "confirm"
    talk.say(said("no", reaction=Reaction.NO))
    assert talk.keys[0] == "dropped"


def test_not_yet_leaves_what_is_to_be_confirmed_open(talk: Talk) -> None:
    talk.say(said("wait, do not do it yet", reaction=Reaction.WAIT, acts=("wait", "nevermind")))
    assert talk.keys == ["wait"]
    talk.say(said("now do it", reaction=Reaction.YES))
    assert [each["scenario"] for each in talk.records] == ["cancellation"]
