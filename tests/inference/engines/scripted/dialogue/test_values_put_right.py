"""Names and addresses that an answer puts right; what is somebody else's, or no value, changes nothing."""

from __future__ import annotations

import pytest

from inference.engines.scripted.dialogue.partial import put_right_part
from inference.engines.scripted.mentions import Known, correct_part, find_mentions, is_own_name, last_name
from inference.engines.scripted.values import Expectation, Reaction
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def name_after(text: str, known: str, language: str = "en") -> str:
    talk = Talk()
    mentions = find_mentions(text, language, talk.agent)
    understood = said(text, mentions=mentions, language=language, corrects=True)
    right = put_right_part(understood, {}, [Known("name", known, "person_name")])
    return (right or {}).get("name", known)


@pytest.mark.parametrize(
    ("text", "known", "right"),
    [
        ("no, Mayer, M A Y E R", "Karin Meyer", "Karin Mayer"),
        ("L E I G H", "Ann Lee", "Ann Leigh"),
        ("it's Leigh, L-E-I-G-H, not Lee", "Ann Lee", "Ann Leigh"),
        ("Jon without an h", "John Smith", "Jon Smith"),
        ("without an h in Jon", "Jon Smith", "Jon Smith"),
    ],
)
def test_a_name_is_put_right_by_its_letters(text: str, known: str, right: str) -> None:
    assert name_after(text, known) == right


@pytest.mark.parametrize(("language", "text"), [("de", "Jon ohne h"), ("es", "Jon sin h"), ("fr", "Jon sans h")])
def test_a_letter_is_left_out(language: str, text: str) -> None:
    assert name_after(text, "John Smith", language) == "Jon Smith"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("please put my daughter's name in too, Sophie Lee", "Ann Lee"),
        ("you can call me Annie", "Ann Lee"),
        ("Bob Jones here", "Bob Jones"),
        ("my name is Bob Jones", "Bob Jones"),
    ],
)
def test_a_known_name_is_replaced_by_the_customers_own_only(line: str, name: str) -> None:
    talk = Talk()
    talk.say(said("my bill is wrong", wish("billing"), name="Ann Lee"))
    mentions = find_mentions(line, "en", talk.agent)
    assert any(each.format == "person_name" for each in mentions)
    talk.say(said(line, mentions=mentions))
    assert talk.state().identity["name"] == name


def test_own_names() -> None:
    text = "this is Bob Jones"
    assert is_own_name(text, text.index("Bob"), len(text), "en")
    for language, text in (("en", "my son is with Bob Jones"), ("es", "mi marido es Bob Jones")):
        assert not is_own_name(text, text.index("Bob"), len(text), language)


@pytest.mark.parametrize(
    ("language", "text", "named"),
    [
        ("en", "that's Bob Jones", False),
        ("en", "my name is Bob Jones", True),
        ("de", "das ist Bob Jones", False),
        ("de", "ich heiße Bob Jones", True),
        ("es", "es Bob Jones", False),
        ("es", "me llamo Bob Jones", True),
        ("fr", "c'est Bob Jones", False),
        ("fr", "je m'appelle Bob Jones", True),
        ("hi", "ye Bob Jones", False),
        ("hi", "mera naam Bob Jones", True),
    ],
)
def test_a_name_that_is_pointed_at_does_not_replace_the_customers(language: str, text: str, named: bool) -> None:
    assert is_own_name(text, text.index("Bob"), len(text), language) is named


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "no, Gold", "Gold"),
        ("en", "hmm, rather the bigger one, Platinum please", "Platinum"),
        ("de", "nein, Gold bitte", "Gold"),
        ("es", "no, la Oro", "Oro"),
        ("en", "No, Thanks", None),
        ("en", "no, Karin", None),
        ("de", "Nein, Moment", None),
        ("en", "not now", None),
    ],
)
def test_the_name_at_the_end(language: str, text: str, name: str | None) -> None:
    assert last_name(text, language) == name


def plan_after(line: str, first: str, **more: object) -> str | None:
    talk = Talk()
    talk.say(said("another plan", wish("plan_change"), account_id="20417", target_plan=first))
    mentions = find_mentions(line, "en", talk.agent)
    talk.say(said(line, mentions=mentions, **more))  # type: ignore[arg-type]  # keyword arguments of any type
    pending = talk.state().pending
    return pending[0].fields["target_plan"] if pending else None


def test_another_name_than_the_one_read_back() -> None:
    assert plan_after("no, Gold", "Silver") == "Gold"
    assert plan_after("not Silver, Gold", "Silver") == "Gold"
    assert plan_after("the 300 one", "Family 200") == "Family 300"
    assert plan_after("no thanks", "Silver", reaction=Reaction.NO) is None


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "the town is Denton", "41 Elm Street, Denton 45402"),
        ("de", "der Ort ist Bonn", "41 Elm Street, Bonn 45402"),
        ("es", "la ciudad es Toledo", "41 Elm Street, Toledo 45402"),
        ("fr", "la ville c'est Lyon", "41 Elm Street, Lyon 45402"),
        ("hi", "शहर दिल्ली है", "41 Elm Street, दिल्ली 45402"),
        ("en", "add flat 3b please", "41 Elm Street, Dayton 45402, flat 3b"),
        ("de", "In welchem Ort, Frau Meier", None),
        ("de", "Die Stadt Bonn hat mir geschrieben", None),
        ("en", "the place is a mess", None),
    ],
)
def test_parts_of_an_address(language: str, text: str, value: str | None) -> None:
    found = correct_part(text, language, [Known("new_address", "41 Elm Street, Dayton 45402", "postal_address")])
    assert (found.value if found else None) == value


def test_a_post_code_with_letters() -> None:
    known = [Known("new_address", "17 Marlowe Gardens, Leeds LS8 2QP", "postal_address")]
    found = correct_part("sorry, it's LS8 2QB, B for Bertie", "en", known)
    assert found is not None
    assert found.value == "17 Marlowe Gardens, Leeds LS8 2QB"


def test_an_answer_with_a_phone_number_is_no_address() -> None:
    asked = Expectation(("new_phone", "new_email", "new_address"), ("phone", "email", "postal_address"))
    found = find_mentions("नया नंबर 98110 45632 है।", "hi", Talk().agent, asked)
    assert [(each.format, each.field) for each in found] == [("phone", "new_phone")]
