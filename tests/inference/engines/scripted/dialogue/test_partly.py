"""A yes to some of the values that were read back: what is refused is not filed, the rest is read back."""

from __future__ import annotations

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.dialogue.partly import partly
from inference.engines.scripted.dialogue.state import PendingRequest
from inference.engines.scripted.values import Reaction, Understanding
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish

_VALUES = {"new_phone": "0412 555 873", "new_address": "8 Banksia Crescent", "new_email": "p.raman@mail.com"}
_NO_PHONE = [
    ("en", "Yes to the address. The phone, no, leave that as it was, my sister's hanging on to the new one."),
    ("en", "the address yes, but not the phone"),
    ("en", "not the phone number, the address is fine"),
    ("en", "only the address"),
    ("en", "just the postal address please"),
    ("en", "yes to the address and no to the number"),
    ("en", "everything but the phone"),
    ("en", "all of it except my mobile"),
    ("de", "das mit der Adresse ja, die Nummer nicht"),
    ("de", "nur die Anschrift bitte"),
    ("de", "alles außer der Telefonnummer"),
    ("de", "die Adresse ja, aber das Telefon bitte nicht"),
    ("es", "sí a la dirección, el teléfono no"),
    ("es", "solo la dirección"),
    ("es", "todo menos el número"),
    ("fr", "oui pour l'adresse, le téléphone non"),
    ("fr", "seulement l'adresse"),
    ("fr", "tout sauf le numéro"),
    ("fr", "l'adresse oui, mais pas le téléphone"),
    ("hi", "पता हाँ, फ़ोन नंबर नहीं"),
    ("hi", "सिर्फ़ पता"),
    ("hi", "नंबर छोड़कर सब कर दीजिए"),
    ("hi", "pata theek hai, phone number nahi"),
    ("hi", "sirf address"),
    ("hi", "number chhod kar sab kar do"),
    ("hi", "پتہ ہاں، فون نمبر نہیں"),
]


def _request(*names: str) -> PendingRequest:
    scenario = builtin_agents()["billing_agent"].scenario("contact_details_change")
    assert scenario is not None
    return PendingRequest(scenario, "contact_change", [""], fields={name: _VALUES[name] for name in names})


@pytest.mark.parametrize(("language", "text"), _NO_PHONE)
def test_the_phone_is_refused(language: str, text: str) -> None:
    found = partly(_request("new_phone", "new_address"), Understanding(text, language, reaction=Reaction.YES))
    assert found.refused == {"new_phone"}


@pytest.mark.parametrize(
    ("language", "text", "refused"),
    [
        ("en", "everything but the e-mail address", {"new_email"}),
        ("en", "not the phone and the email, only the address", {"new_email", "new_phone"}),
        ("de", "nur die Nummer", {"new_email", "new_address"}),
        ("hi", "ईमेल छोड़कर सब", {"new_email"}),
    ],
)
def test_of_three_values(language: str, text: str, refused: set[str]) -> None:
    assert partly(_request(*_VALUES), Understanding(text, language)).refused == refused


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "yes"),
        ("en", "yes, the address and the phone number are right"),
        ("en", "yes please, no problem"),
        ("de", "ja, Adresse und Nummer stimmen"),
        ("es", "sí, la dirección y el teléfono"),
        ("en", "no"),
        ("en", "neither the phone nor the address, no"),
        ("hi", "haan, pata aur number dono"),
    ],
)
def test_nothing_is_refused_alone(language: str, text: str) -> None:
    found = partly(_request("new_phone", "new_address"), Understanding(text, language, reaction=Reaction.YES))
    assert not found.refused
    assert not found.unclear


@pytest.mark.parametrize("text", ["yes to the address", "yes to the address, the phone is wrong"])
def test_a_yes_to_some_is_none_to_all(text: str) -> None:
    assert partly(_request("new_phone", "new_address"), Understanding(text, "en", reaction=Reaction.YES)).unclear


def _asked() -> Talk:
    talk = Talk(known={"account_id": "AC-1", "name": "Ann Lee"})
    values = {name: _VALUES[name] for name in ("new_phone", "new_address")}
    talk.say(said("change my phone and my address", wish("contact_change"), values=values))
    assert talk.keys[-1] == "confirm"
    return talk


@pytest.mark.parametrize("reaction", [Reaction.MIXED, Reaction.NO, Reaction.NONE])
def test_the_rest_is_read_back_and_filed_after_a_yes(reaction: Reaction) -> None:
    talk = _asked()
    reply = talk.say(said("yes to the address, the phone, no, leave that", acts=("nevermind",), reaction=reaction))
    assert talk.filed == []
    assert _VALUES["new_address"] in reply
    assert _VALUES["new_phone"] not in reply
    talk.say(said("yes, that's right", reaction=Reaction.YES))
    assert talk.filed == ["contact_details_change"]
    assert "new_phone" not in talk.records[0]
    assert talk.records[0]["new_address"] == _VALUES["new_address"]


def test_a_yes_that_speaks_of_each_value_files_the_rest() -> None:
    talk = _asked()
    talk.say(said("yes to the address, the phone, no, leave that", acts=("nevermind",), reaction=Reaction.YES))
    assert [each.get("new_address") for each in talk.records] == [_VALUES["new_address"]]
    assert "new_phone" not in talk.records[0]


def test_a_yes_to_one_of_two_is_asked_again() -> None:
    talk = _asked()
    talk.say(said("yes to the address", reaction=Reaction.YES))
    assert talk.filed == []
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.records[0]["new_phone"] == _VALUES["new_phone"]
