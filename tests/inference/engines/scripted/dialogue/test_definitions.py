"""The policy follows any definition: fields asked one after the other, external tools, answers, knowledge, titles."""

from __future__ import annotations

from typing import Any

from db.agents.definition import AgentDefinition
from inference.engines.scripted.values import Mention, Polarity, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def _agent(**changes: Any) -> AgentDefinition:
    return AgentDefinition.model_validate(
        {
            "name": "inn",
            "description": "Takes reservations.",
            "languages": ["en", "de"],
            "instructions": "You take reservations.",
            "intents": [
                {"name": "reserve", "scenario": "reservation", "examples": {"en": ["a table please"]}},
                {"name": "where", "scenario": "find_parcel", "examples": {"en": ["where is it"]}},
                {"name": "hours", "examples": {"en": ["when are you open"]}, "answer": {"en": "From nine to five."}},
                {"name": "parking", "examples": {"en": ["can I park"]}},
                {"name": "staff", "scenario": "call_back", "examples": {"en": ["a person please"]}},
            ],
            "scenarios": [
                {
                    "name": "reservation",
                    "description": "A table.",
                    "title": {"en": "the reservation"},
                    "fields": {
                        "day": {
                            "schema": {"type": "string", "format": "date"},
                            "required": True,
                            "ask": {"en": "When?!"},
                        },
                        "guests": {"schema": {"type": "integer"}, "required": True, "names": {"en": "the guests"}},
                        "wishes": {"names": {"en": "special wishes"}},
                    },
                    "ask_for": ["day", "guests", "wishes", "name"],
                    "confirm": True,
                    "replies": {"confirm": {"en": "A table for {guests} on {day}: shall I note it?"}},
                },
                {
                    "name": "find_parcel",
                    "description": "Where a parcel is.",
                    "fields": {"parcel": {"schema": {"type": "string", "format": "account_id"}, "required": True}},
                    "ask_for": ["parcel"],
                    "tool": "parcels__where_is",
                    "replies": {"filed": {"en": "Parcel {parcel} is {status}."}},
                },
                {"name": "call_back", "description": "A call back.", "ask_for": ["phone"]},
            ],
            "handover": {"scenario": "call_back"},
            **changes,
        }
    )


def test_fields_are_asked_for_in_their_order_and_read_back() -> None:
    talk = Talk(_agent())
    assert "When?!" in talk.say(said("a table please", wish("reserve")))
    assert "the guests" in talk.say(said("on Friday", values={"day": "2026-12-18"}))
    talk.say(said("four", values={"guests": "4"}))
    assert talk.keys[-1] == "ask"
    assert talk.expected[-1].fields == ("guests",)
    talk.say(said("a seat by the window if you can"))
    assert "name" in talk.say(said("what was that", acts=("repeat",)))
    reply = talk.say(said("Anna Keller", name="Anna Keller"))
    assert "A table for 4 on 2026-12-18: shall I note it?" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    record = talk.records[0]
    assert (record["day"], record["guests"], record["wishes"]) == ("2026-12-18", 4, "a seat by the window if you can")


def test_another_value_in_place_of_the_asked_one_drops_nothing() -> None:
    talk = Talk(_agent())
    talk.say(said("a table please", wish("reserve")))
    talk.say(said("hm"))
    talk.say(said("Anna Keller", name="Anna Keller"))
    assert talk.keys[-2:] == ["why_field", "ask"]
    talk.say(said("hm"))
    assert talk.keys[0] == "dropped"


def test_what_a_confirmation_tells_is_read_back_once_and_a_change_always() -> None:
    talk = Talk(_agent(), known={"name": "Anna"})
    values = {"day": "2026-12-18", "guests": "2", "wishes": "a window seat"}
    reply = talk.say(said("a table for two on Friday by a window", wish("reserve"), values=values))
    assert (reply.count("2026-12-18"), reply.count("a window seat")) == (1, 1)
    reply = talk.say(said("no, four", reaction=Reaction.NO, corrects=True, values={"guests": "4"}))
    assert "4" in reply
    assert talk.keys[-1] == "confirm"


def test_an_answer_in_own_words_is_kept_without_the_mark_behind_it() -> None:
    talk = Talk(_agent(), known={"name": "Anna"})
    talk.say(said("a table for two on Friday", wish("reserve"), values={"day": "2026-12-18", "guests": "2"}))
    talk.say(said("A seat by the window."))
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["wishes"] == "A seat by the window"


def test_a_code_is_no_count() -> None:
    guests = {"schema": {"type": "string", "format": "number"}, "required": True}
    scenario = {"name": "reservation", "description": "A table.", "fields": {"guests": guests}, "ask_for": ["guests"]}
    agent = _agent(
        intents=[{"name": "reserve", "scenario": "reservation", "examples": {"en": ["a table please"]}}],
        scenarios=[scenario],
    )
    talk = Talk(agent, known={"name": "Anna"})
    talk.say(said("a table, it is about AB 12", wish("reserve"), mentions=(Mention("number", "AB12", 0, 0, None),)))
    assert talk.records == []
    talk.say(said("four", mentions=(Mention("number", "4", 0, 0, None),)))
    assert talk.records[0]["guests"] == "4"


def test_without_a_required_field_nothing_is_filed() -> None:
    talk = Talk(_agent())
    talk.say(said("a table please", wish("reserve")))
    talk.say(said("well hm", unsure=True))
    assert talk.keys[-2:] == ["why_field", "ask"]
    talk.say(said("I do not know", declines=True))
    assert talk.keys[0] == "dropped"
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records == []


def test_a_field_that_is_not_required_may_be_declined() -> None:
    talk = Talk(_agent(), known={"name": "Anna"})
    talk.say(said("a table for two on Friday", wish("reserve"), values={"day": "2026-12-18", "guests": "2"}))
    assert "special wishes" in str(talk.history[-1])
    talk.say(said("none", declines=True))
    assert talk.keys[-1] == "confirm"


def test_an_external_tool_is_called_with_the_fields_and_its_result_told() -> None:
    talk = Talk(_agent(), answers={"parcels__where_is": {"parcel": "PX-1", "status": "on its way"}})
    talk.say(said("where is my parcel", wish("where")))
    assert talk.keys[-1] == "ask"
    reply = talk.say(said("PX-1", values={"parcel": "PX-1"}))
    assert "Parcel PX-1 is on its way." in reply
    calls = [item for item in talk.history if getattr(item, "name", "") == "parcels__where_is"]
    assert [dict(each.arguments) for each in calls] == [{"parcel": "PX-1"}]  # type: ignore[union-attr]
    assert "on its way" in talk.say(said("and where is it now", wish("where")))


def test_a_result_without_what_the_reply_names() -> None:
    talk = Talk(_agent(), answers={"parcels__where_is": {}})
    reply = talk.say(said("where is PX-1", wish("where"), values={"parcel": "PX-1"}))
    assert reply.startswith("That is done")


def test_an_intent_with_an_answer_is_answered() -> None:
    talk = Talk(_agent())
    assert "From nine to five." in talk.say(said("when are you open", wish("hours", polarity=Polarity.ASKED)))
    assert talk.records == []


def test_an_answer_in_between_leaves_the_question_open() -> None:
    talk = Talk(_agent())
    talk.say(said("a table please", wish("reserve")))
    reply = talk.say(said("are you open on Friday", wish("hours", polarity=Polarity.ASKED), question=True))
    assert "From nine to five." in reply
    assert talk.keys[-1] in {"ask", "ask_field_again"}
    assert talk.expected[-1].fields == ("day",)


def test_what_the_agent_does_not_take_up_goes_to_a_person() -> None:
    talk = Talk(_agent())
    talk.say(said("can I park there", wish("parking")))
    assert talk.keys == ["not_here_offer"]
    talk.say(said("yes", reaction=Reaction.YES))
    talk.say(said("555-0132", phone="555-0132"))
    assert talk.records[0]["query"] == "can I park there"


def test_a_question_is_looked_up_in_the_knowledge() -> None:
    talk = Talk(_agent(), passages=[{"text": "Dogs are welcome on the terrace.", "source": "house.md"}])
    assert "Dogs are welcome" in talk.say(said("may I bring my dog", question=True))
    assert talk.records == []


def test_an_unknown_question_is_admitted() -> None:
    talk = Talk(_agent())
    talk.say(said("may I bring my dog", question=True))
    assert talk.keys[0] == "cannot_tell"


def test_a_language_that_is_not_spoken_is_told_so() -> None:
    talk = Talk(_agent())
    reply = talk.say(said("Buongiorno, vorrei un tavolo", wish("reserve"), unsupported="it"))
    assert "Italian" in reply
    assert "italiano" in reply
    assert "English and German" in reply
    assert talk.records == []
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records == []


def test_abilities_name_the_titles() -> None:
    assert "the reservation" in Talk(_agent()).say(said("what can you do", acts=("abilities",), question=True))


def test_each_message_is_answered_in_its_language() -> None:
    talk = Talk(_agent())
    talk.say(said("a table please", wish("reserve")))
    assert "Gäste" in talk.say(said("am Freitag", language="de", values={"day": "2026-12-18"})) or talk.keys
    assert talk.state().language == "de"


def test_a_condition_goes_into_the_field_for_it_whatever_its_name() -> None:
    scenarios = [
        {
            "name": "stay_ends",
            "description": "The end of a stay.",
            "fields": {"from_when": {"schema": {"type": "string", "format": "condition"}}},
            "confirm": True,
        },
        {"name": "call_back", "description": "A call back."},
    ]
    intents = [{"name": "leave", "scenario": "stay_ends", "examples": {"en": ["I want to leave"]}}]
    talk = Talk(_agent(scenarios=scenarios, intents=intents))
    talk.say(said("I want to leave once it rains", wish("leave", condition="once it rains")))
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["from_when"] == "once it rains"
