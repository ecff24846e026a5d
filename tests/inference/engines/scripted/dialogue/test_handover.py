"""A handover to a person: asks once how to reach the customer, and says whether anybody can."""

from __future__ import annotations

from inference.engines.scripted.values import Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def test_it_asks_once_and_names_the_phone_number() -> None:
    talk = Talk()
    talk.say(said("a person please", wish("human")))
    assert talk.keys[-1] == "ask_any"
    reply = talk.say(said("Ann Lee, 415-555-0132", name="Ann Lee", phone="415-555-0132"))
    assert talk.filed == ["human_handover"]
    assert talk.keys[1] == "reach_phone"
    assert "415-555-0132" in reply
    talk.say(said("will somebody call me", question=True))
    assert talk.keys[0] == "cannot_tell_filed"
    assert len(talk.records) == 1


def test_without_a_way_back_it_says_so() -> None:
    talk = Talk()
    talk.say(said("a person please", wish("human")))
    talk.say(said("I do not give out my number", declines=True))
    assert talk.filed == ["human_handover"]
    assert talk.keys[1] == "reach_nothing"
    talk.say(said("fine, 415-555-0132", phone="415-555-0132"))
    assert talk.records[0]["phone"] == "415-555-0132"


def test_insisting_is_not_asked_twice() -> None:
    talk = Talk()
    talk.say(said("a person please", wish("human")))
    talk.say(said("just get me a human", wish("human")))
    assert talk.filed == ["human_handover"]
    talk.say(said("HUMAN", wish("human")))
    assert len(talk.records) == 1


def test_no_person_is_wanted() -> None:
    talk = Talk()
    talk.say(said("I do not want to talk to a person", wish("human", polarity=Polarity.DENIED)))
    assert talk.keys[0] == "denied"
    assert talk.records == []


def test_two_misunderstandings_offer_a_person() -> None:
    talk = Talk(known={"name": "Jane"})
    talk.say(said("qwzx flurb", unsure=True))
    assert talk.keys == ["unsure"]
    talk.say(said("flurb the grommet", unsure=True))
    assert talk.keys == ["unsure_offer"]
    talk.say(said("yes please", reaction=Reaction.YES))
    assert talk.filed == ["human_handover"]
    assert talk.records[0]["query"] == "flurb the grommet"


def test_how_to_be_reached_is_a_value_of_what_is_filed_and_calls_for_nobody() -> None:
    talk = Talk(known={"name": "Ann Lee", "account_id": "48210"})
    talk.say(said("the line hums", wish("technical")))
    talk.say(said("you reach me on 415-555-0132", wish("human", score=0.99), phone="415-555-0132"))
    assert len(talk.records) == 1
    assert talk.records[0]["phone"] == "415-555-0132"
    # Nothing is there that it could belong to, or a person is asked for.
    for told, requested in ((said("the line hums", wish("technical")), True), (None, False)):
        other = Talk(known={"name": "Ann Lee"})
        if told is not None:
            other.say(told)
        wanted = wish("human", score=0.99, requested=requested)
        other.say(said("get me a person, 415-555-0132", wanted, phone="415-555-0132"))
        assert other.filed == ["human_handover"]
