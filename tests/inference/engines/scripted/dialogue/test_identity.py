"""Who the customer is: asked once, again with the reason, then filed without; what comes late is added."""

from __future__ import annotations

import pytest

from inference.engines.scripted.values import Mention, Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.say(said("I was charged twice", wish("overcharge")))
    assert talk.keys == ["lead", "ask_any"]
    return talk


def test_the_fields_are_expected_in_their_order(talk: Talk) -> None:
    talk.say(said("Dr. John Smith", name="Dr. John Smith"))
    assert talk.expected[-1].fields == ("account_id", "name")
    assert talk.records[0]["name"] == "Dr. John Smith"
    assert "account_id" not in talk.records[0]


def test_unanswered_is_asked_again_with_the_reason_then_filed_without(talk: Talk) -> None:
    talk.say(said("it is a disgrace really", unsure=True))
    assert talk.keys == ["ask_any_again"]
    talk.say(said("as I said a disgrace", unsure=True))
    assert talk.filed == ["billing_query"]


def test_declined_is_filed_without_and_not_asked_again(talk: Talk) -> None:
    talk.say(said("I will not say", declines=True))
    assert talk.filed == ["billing_query"]
    talk.say(said("and your agent was rude", wish("complaint")))
    assert talk.filed == ["complaint"]


@pytest.mark.parametrize(
    ("pause", "key"),
    [
        (said("one second", acts=("wait",), reaction=Reaction.WAIT), "wait"),
        (said("hello", acts=("greeting",)), "ask_any"),
        (said("why do you need that", acts=("why",), question=True), "ask_any_again"),
    ],
)
def test_a_pause_is_no_answer(talk: Talk, pause: object, key: str) -> None:
    for _ in range(2):
        talk.say(pause)  # type: ignore[arg-type]  # an Understanding
        assert talk.keys[-1] == key
        assert talk.filed == []
    talk.say(said("found it 8814", account_id="8814"))
    assert talk.records[0]["account_id"] == "8814"


def test_the_question_is_never_the_same_twice_in_a_row(talk: Talk) -> None:
    heard = {str(talk.history[-1])}
    for number in range(3):
        talk.say(said(f"why {number}", acts=("why",), question=True))
        assert str(talk.history[-1]) not in heard
        heard.add(str(talk.history[-1]))


def test_what_comes_late_is_added_to_what_was_filed() -> None:
    talk = Talk(known={"account_id": "90441"})
    talk.say(said("my internet is slow", wish("slow")))
    reply = talk.say(said("oh and I am Peter Collins", name="Peter Collins", phone="202-555-0176"))
    assert talk.keys[0] == "completed"
    assert "Peter Collins" in reply
    assert (talk.records[0]["name"], talk.records[0]["phone"]) == ("Peter Collins", "202-555-0176")
    assert len(talk.records) == 1


def test_a_second_time_is_asked_together_with_the_confirmation() -> None:
    talk = Talk()
    talk.say(said("I have a new address, 12 Rose Lane", wish("contact_change"), new_address="12 Rose Lane"))
    assert talk.keys[-1] == "ask_any"
    talk.say(said("sorry 21 Rose Lane", corrects=True, new_address="21 Rose Lane"))
    assert talk.keys[-2:] == ["read_back", "confirm"] or talk.keys[-1] == "confirm"
    assert "ask_any_confirm" in talk.keys
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["new_address"] == "21 Rose Lane"
    assert "name" not in talk.records[0]


def test_a_name_with_the_second_question_is_confirmed() -> None:
    talk = Talk()
    talk.say(said("cancel my contract", wish("cancel")))
    talk.say(said("you are annoying", unsure=True))
    talk.say(said("fine, 20417", account_id="20417"))
    assert talk.filed == []
    assert talk.keys[-1] == "confirm"
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["account_id"] == "20417"


def test_a_wish_along_with_the_name_is_heard(talk: Talk) -> None:
    talk.say(said("Ann Lee, and my internet is down too", wish("outage", "my internet is down too"), name="Ann Lee"))
    assert sorted(talk.filed) == ["billing_query", "technical_issue"]
    assert {each["name"] for each in talk.records} == {"Ann Lee"}


def test_a_goodbye_files_what_needs_no_yes(talk: Talk) -> None:
    talk.say(said("okay bye", acts=("goodbye",)))
    assert talk.filed == ["billing_query"]
    assert talk.keys[-1] == "goodbye"


def test_a_denied_wish_is_withdrawn_before_filing(talk: Talk) -> None:
    talk.say(said("ah no, it was once", wish("overcharge", polarity=Polarity.DENIED)))
    assert talk.keys[0] == "dropped"
    assert talk.records == []


def test_an_interrupted_question_was_asked(talk: Talk) -> None:
    last = str(talk.history[-1].text)  # type: ignore[union-attr]  # an AssistantMessage
    talk.heard(len(last) - 12)
    talk.say(said("20417", mentions=(Mention("account_id", "20417", 0, 5, "account_id"),)))
    assert talk.expected[-1].fields[0] == "account_id"


@pytest.mark.parametrize(
    ("language", "refusal"),
    [
        ("en", "I don't give out my name or number, sorry"),
        ("en", "I won't give you any of that. Just put it in the system."),
        ("es", "no, ni mi nombre ni mi teléfono se los doy"),
        ("de", "Nein, meinen Namen sage ich Ihnen nicht"),
        ("fr", "non, je ne donne ni mon nom ni mon numéro"),
        ("hi", "नहीं, मैं अपना नाम और नंबर नहीं दूँगा"),
        ("hi", "nahi, naam aur number nahi dunga"),
    ],
)
def test_a_refusal_in_any_words_is_filed_without(language: str, refusal: str) -> None:
    talk = Talk(language=language)
    talk.say(said("a person please", wish("human"), language=language))
    acts = ("inform",) if "any of that" in refusal else ("nevermind", "inform")
    talk.say(said(refusal, acts=acts, reaction=Reaction.NO, language=language))
    assert talk.filed == ["human_handover"]
    assert not {"name", "phone"} & set(talk.records[0])


def test_forget_it_is_no_refusal(talk: Talk) -> None:
    talk.say(said("no, forget it", acts=("nevermind",), reaction=Reaction.NO))
    assert talk.keys[0] == "dropped"
    assert talk.records == []


def test_a_plain_no_declines_the_question() -> None:
    talk = Talk()
    talk.say(said("a person please", wish("human")))
    talk.say(said("no", acts=("nevermind",), reaction=Reaction.NO))
    assert talk.filed == ["human_handover"]


def test_no_thanks_bye_files_nothing(talk: Talk) -> None:
    talk.say(said("no thanks, bye", acts=("goodbye",), reaction=Reaction.NO))
    assert talk.keys == ["not_filed", "goodbye"]
    assert talk.records == []


def test_a_bare_number_after_the_filing_puts_it_right(talk: Talk) -> None:
    talk.say(said("4411", account_id="4411"))
    talk.say(said("sorry, 4412", acts=("inform",), mentions=(Mention("number", "4412", 7, 11),)))
    assert talk.records[0]["account_id"] == "4412"


def test_a_question_is_no_missing_answer(talk: Talk) -> None:
    for text in ("what for", "and then what happens with all of that"):
        talk.say(said(text, acts=("unclear",), reaction=Reaction.QUESTION, question=True))
        assert talk.keys[-1] in {"ask_any_again", "ask_any"}
        assert talk.filed == []


def test_a_condition_before_the_confirmation_is_kept() -> None:
    talk = Talk()
    talk.say(said("cancel my contract", wish("cancel")))
    condition = "only when the new line works"
    talk.say(said(f"yes but {condition}", reaction=Reaction.CONDITION, condition=condition))
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["effective"] == condition
