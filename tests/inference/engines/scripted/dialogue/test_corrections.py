"""What is said after or beside a request: another date, its priority, amounts, a name without its phrase."""

from __future__ import annotations

import pytest

from inference.engines.scripted.values import Mention, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def _date(text: str, words: str) -> Mention:
    return Mention("date", "2027-04-30", text.index(words), text.index(words) + len(words))


def test_another_date_takes_the_place_of_the_first() -> None:
    talk = Talk()
    talk.say(
        said("cancel it from the 31st of March", wish("cancel", condition="from the 31st of March"), account_id="9090")
    )
    text = "make that the 30th of April"
    reply = talk.say(said(text, mentions=(_date(text, "the 30th of April"),)))
    assert "30th of April" in reply
    assert "9090" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["effective"] == "the 30th of April"
    assert talk.records[0]["account_id"] == "9090"


def test_the_date_of_what_is_filed_is_changed_on_the_record() -> None:
    talk = Talk()
    talk.say(said("cancel it in March", wish("cancel", condition="in March"), account_id="9090"))
    talk.say(said("yes", reaction=Reaction.YES))
    text = "sorry, the 30th of April"
    talk.say(said(text, corrects=True, mentions=(_date(text, "the 30th of April"),)))
    assert talk.keys[0] == "updated"
    assert [each["effective"] for each in talk.records] == ["the 30th of April"]


@pytest.mark.parametrize(("level", "kept"), [("URGENT", "URGENT"), ("LOW", "LOW"), (None, "NORMAL")])
def test_a_priority_that_comes_late_is_put_on_the_record(level: str | None, kept: str) -> None:
    talk = Talk()
    talk.say(said("my line drops", wish("technical"), account_id="9090"))
    talk.say(said("I should have said: treat it like that", priority=level))
    assert [each["priority"] for each in talk.records] == [kept]
    assert ("updated" in talk.keys) == (level is not None)


def test_each_request_has_the_priority_of_its_own_words() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("both", wish("outage", "it is dead", priority="URGENT"), wish("invoice", "also a copy")))
    assert {each["intent"]: each["priority"] for each in talk.records} == {"outage": "URGENT", "invoice": "NORMAL"}


def test_amounts_stand_in_the_record() -> None:
    talk = Talk()
    talk.say(
        said("my bill is wrong. 84.50, not 48.50", wish("billing", "my bill is wrong"), facts=("84.50, not 48.50",))
    )
    talk.say(said("9090", account_id="9090"))
    assert talk.records[0]["query"] == "my bill is wrong 84.50, not 48.50"
    talk.say(said("sorry, 94.50", corrects=True, facts=("sorry, 94.50",)))
    assert str(talk.records[0]["query"]).endswith("sorry, 94.50")
    assert len(talk.records) == 1


def test_a_name_alone_is_of_the_only_field_that_holds_one() -> None:
    talk = Talk()
    talk.say(said("I'd like to upgrade", wish("upgrade"), name="Wei Zhang"))
    reply = talk.say(said("the fibre 500"))
    assert "fibre 500" in reply
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["target_plan"] == "fibre 500"


def test_a_name_with_a_number_is_heard_beside_other_answers() -> None:
    talk = Talk()
    talk.say(said("something smaller please", wish("downgrade")))
    reply = talk.say(said("Basic 50, if you have it. I'm Olu.", name="Olu"))
    assert "Basic 50" in reply


@pytest.mark.parametrize("answer", ["Yes", "No", "Friday 13", "hm well"])
def test_an_answer_is_no_name(answer: str) -> None:
    talk = Talk()
    talk.say(said("I'd like to upgrade", wish("upgrade"), name="Wei Zhang"))
    reaction = {"Yes": Reaction.YES, "No": Reaction.NO}.get(answer, Reaction.NONE)
    mentions = (Mention("date", "2026-11-13", 0, 9),) if answer == "Friday 13" else ()
    talk.say(said(answer, reaction=reaction, mentions=mentions))
    assert not any(each.get("target_plan") for each in talk.records)
    assert all("target_plan" not in each.fields for each in talk.state().pending)


def test_a_conclusion_after_filing_is_no_wish() -> None:
    talk = Talk()
    talk.say(said("my line is dead", wish("outage"), account_id="9090"))
    talk.say(said("So a technician will come?", wish("complaint", score=0.8), question=True))
    assert [each["scenario"] for each in talk.records] == ["technical_issue"]


def test_a_handover_tells_how_the_customer_is_reached() -> None:
    talk = Talk()
    talk.say(said("a person please", wish("human"), phone="0161 496 0733"))
    assert "0161 496 0733" in talk.say(said("On which number?", question=True))


def test_who_was_not_known_may_say_so_after_filing() -> None:
    talk = Talk()
    talk.say(said("my line is dead", wish("outage")))
    talk.say(said("I won't say", declines=True))
    assert talk.filed == ["technical_issue"]
    talk.say(said("Beatrix Tan", name="Beatrix Tan"))
    assert "name" in talk.expected[-1].fields
    assert talk.records[0]["name"] == "Beatrix Tan"


def test_a_value_is_put_right_behind_it_in_the_same_message() -> None:
    talk = Talk()
    text = "I moved to 27 Elm Street. Sorry, it's 72, not 27."
    address = Mention("postal_address", "27 Elm Street", text.index("27"), text.index("."), "new_address")
    reply = talk.say(said(text, wish("contact_change"), mentions=(address,), corrects=True, name="Ann Lee"))
    assert "72 Elm Street" in reply


def test_a_reason_with_a_pronoun_declines_nothing() -> None:
    talk = Talk()
    talk.say(said("my line crackles", wish("technical")))
    talk.say(said("I'm at work till Wednesday so please don't ring me before that"))
    assert talk.records == []
