"""Whether a value is in what was said: digits, letters and words, however they are written or spoken."""

from __future__ import annotations

import pytest

from db.agents.definition import FieldDefinition
from inference.ports import UserMessage
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.said_values import is_in_pieces, unsaid
from inference.turn.guard.subject import Subject
from inference.turn.guard.words import MAX_CHARS
from tests.inference.turn.guard.test_consent import AGENT
from tests.inference.turn.guard.test_consent import said as conversation_of
from tests.waiting import bounded_work


def grounds(*texts: str, languages: tuple[str, ...] = ("en", "es", "de", "fr")) -> Grounds:
    return Grounds(texts, languages)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("AC-20417", "account ac 20417"),
        ("AC20417", "it's A C two, no: A C 2 0 4 1 7"),
        ("61409", "six one four zero nine"),
        ("61409", "sixty-one four hundred nine"),
        ("61409", "einundsechzig vier null neun"),
        ("61409", "soixante et un quatre cent neuf"),
        ("61409", "sesenta y uno cuatro cero nueve"),
        ("5551234", "555, then 12, and 34"),
        ("२०४१७", "20417"),
        ("20417", "खाता २०४१७ है"),
        ("jane.doe@example.com", "Jane.Doe@Example.com"),
    ],
)
def test_a_code_that_was_said(value: str, said: str) -> None:
    assert grounds(said).code(value) or grounds(said).number(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("20417", "120417"),
        ("20417", "2041"),
        ("20417", "20 apples and 4 pears for 17"[:20]),
        ("2041", "20 of them came on the first day of 41"),
        ("1", "someone said so"),
        ("61409", "six one four zero"),
        ("AC-20417", "account 20417"),
    ],
)
def test_a_code_that_was_not_said(value: str, said: str) -> None:
    assert not grounds(said).code(value)
    assert not grounds(said).number(value) or not value.isdigit()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("14.50", "14,50 euros"),
        ("14.00", "14 dollars"),
        ("14.50", "fourteen fifty"),
        ("14.50", "14 dollars and 50 cents"),
        ("1,200", "1200"),
        ("1.200", "1,200"),
        ("31/12/2026", "on the 31st, of 12, 2026"),
        ("150", "one hundred and fifty"),
        ("2", "two days"),
    ],
)
def test_a_number_that_was_said(written: str, said: str) -> None:
    assert grounds(said).number(written)


@pytest.mark.parametrize(("written", "said"), [("15", "14"), ("145", "14 of 5"), ("2019", "it was in 19")])
def test_a_number_that_was_not_said(written: str, said: str) -> None:
    assert not grounds(said).number(written)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("+49 176 1234567", "0176 123 45 67"),
        ("+14155550100", "415 555 0100"),
        ("0041 44 668 18 00", "044 668 18 00"),
        ("4155550100", "four one five, five five five, zero one zero zero"),
    ],
)
def test_a_phone_number_with_another_prefix(value: str, said: str) -> None:
    assert grounds(said).phone(value)


def test_a_phone_number_that_shares_its_end_is_another() -> None:
    assert not grounds("my account is 0100").phone("+14155550100")
    assert not grounds("415 555 0101").phone("+14155550100")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Ann Lee", "this is ann lee speaking"),
        ("José García", "me llamo Jose Garcia"),
        ("Jürgen von der Leyen", "JÜRGEN VON DER LEYEN"),
        ("Smith-Jones", "smith jones"),
        ("Lee", "L E E"),
        ("रवि शर्मा", "मेरा नाम रवि शर्मा है"),
    ],
)
def test_a_name_as_it_was_said(value: str, said: str) -> None:
    assert grounds(said).name(value)


@pytest.mark.parametrize(("value", "said"), [("Ann Miller", "I am Ann"), ("John", "Johnson here"), ("", "hello")])
def test_a_name_that_was_not_said(value: str, said: str) -> None:
    assert not grounds(said).name(value)


def test_an_address_with_other_words_in_it() -> None:
    said = grounds("I moved to twelve Oak Street, apartment 4")
    assert said.most_words("12 Oak Street, Apt 4")
    assert not said.most_words("13 Oak Street")
    assert not said.most_words("12 Elm Road, Springfield")


@pytest.mark.parametrize("text", ["1 " * MAX_CHARS, "one " * MAX_CHARS, "9" * MAX_CHARS * 2, "eins und " * MAX_CHARS])
def test_a_hostile_text_costs_little(text: str) -> None:
    with bounded_work():
        assert not grounds(*[text] * 40).number("1111111111112")


@pytest.mark.parametrize(
    ("value", "whole", "said"),
    [
        ("202 555 0174", "202 555 0147", "sorry, the last four are 0174"),
        ("AC-770319", "AC-770318", "it ends in 9"),
        ("jo.park@neuf.fr", "jo.park@vieux.fr", "le domaine c'est neuf.fr"),
        ("Carin Clark", "Karin Clark", "with a C"),
    ],
)
def test_a_value_that_was_put_right_in_a_part(value: str, whole: str, said: str) -> None:
    assert grounds(said).put_together(value, [whole])


@pytest.mark.parametrize(
    ("value", "whole", "said"),
    [
        ("202 555 0175", "202 555 0147", "sorry, the last four are 0174"),
        ("AC-770317", "AC-770318", "it ends in 9"),
        (
            "AC-770319",
            "AC-770318",
            "my number is AC-770318 and I would like somebody to call me back at 9 in the morning",
        ),
        ("999 888 0174", "202 555 0147", "sorry, the last four are 0174"),
        ("0174", "202 555 0147", "yes"),
        ("2025550147" * 20, "2025550147" * 20, "the last four are 0174"),
    ],
)
def test_a_value_of_which_no_such_part_was_said(value: str, whole: str, said: str) -> None:
    assert not grounds(said).put_together(value, [whole])


@pytest.mark.parametrize(
    ("messages", "value", "in_pieces"),
    [
        (("the first half is 4198", "and then 820"), "4198820", True),
        (("it starts with KD 41", "hang on", "98820"), "KD-4198820", True),
        (("my card is 4198", "I paid 30 twice", "and then 820"), "4198820", False),
        (("the first half is 4198", "and then 820"), "8204198", False),
        (("the first half is 4198", "and then 820"), "XY-4198820", False),
        (("the first half is 4198", "and then 820 on the 3rd"), "4198820", False),
        (("4198820",), "4198821", False),
    ],
)
def test_a_number_is_said_in_pieces(messages: tuple[str, ...], value: str, in_pieces: bool) -> None:
    conversation = conversation_of(*(UserMessage(each) for each in messages))
    assert is_in_pieces(value, conversation) is in_pieces


@pytest.mark.parametrize(("name", "refused"), [("account_id", False), ("price", True)])
def test_only_numbers_that_name_something_are_said_in_pieces(name: str, refused: bool) -> None:
    conversation = conversation_of(UserMessage("it was 50"), UserMessage("and then 20"))
    price = FieldDefinition.model_validate({"schema": {"type": "string", "format": "money"}})
    subject = Subject("wake_up", AGENT.scenarios[0], frozenset(), needs_yes=False, fields={"price": price})
    assert (unsaid(subject, {name: "5020"}, conversation) is not None) is refused
