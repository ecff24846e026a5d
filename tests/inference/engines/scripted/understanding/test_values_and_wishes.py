"""What the values in a clause tell about its wish: a name of a plan asks for one, a reason is no wish of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.agents.definition import AgentDefinition
from db.agents.parse import parse_file
from inference.engines.scripted.understanding.intents import Judgement
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Polarity


def _wanted(understander: Understander, agent: AgentDefinition, language: str, text: str) -> list[str]:
    understood = understander.understand(text, language, agent)
    return [each.intent for each in understood.wishes if each.polarity is Polarity.WANTED]


@pytest.mark.parametrize(
    ("language", "text", "scenarios"),
    [
        ("en", "Switch me to Turbo 1000, account 90120", ["plan_change"]),
        ("fr", "je voudrais passer à l'offre Essentiel", ["plan_change"]),
        ("en", "Put us on the Family 200 plan. Actually scratch that, Family 500.", ["plan_change"]),
        ("en", "I want to leave because you keep raising prices", ["cancellation"]),
        ("es", "quiero pasarme a la tarifa de 20 gigas", ["plan_change"]),
        ("en", "nothing works here again, no internet at all", ["technical_issue"]),
        ("en", "I'm really frustrated, you know.", []),
        ("es", "estoy muy cansada de esto", []),
        ("fr", "je suis vraiment énervé", []),
        ("hi", "मैं बहुत परेशान हूँ", []),
    ],
)
def test_wishes(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, scenarios: list[str]
) -> None:
    wanted = _wanted(understander, billing_agent, language, text)
    filed = [intent.scenario for name in wanted if (intent := billing_agent.intent(name))]
    assert sorted({each for each in filed if each}) == scenarios


def test_damage_is_not_settled_by_its_arrival(understander: Understander, billing_agent: AgentDefinition) -> None:
    understood = understander.understand("Der Router ist beschädigt angekommen", "de", billing_agent)
    assert Polarity.SETTLED not in {each.polarity for each in understood.wishes}


def test_amounts_and_days_beside_a_wish_are_kept(understander: Understander, billing_agent: AgentDefinition) -> None:
    text = "There is something wrong with my invoice. It's 84.50 instead of 48.50. My account is 20417."
    assert understander.understand(text, "en", billing_agent).facts == ("It's 84.50 instead of 48.50",)


def test_evidence_raises_what_it_belongs_to() -> None:
    judged = Judgement((("move", 0.3), ("change", 0.2), ("other", 0.1)), 0.3).given({"change"})
    assert judged.label == "change"
    assert judged.certainty > 0.8
    assert judged.scores[1][0] == "move"


_EXAMPLES = Path(__file__).parents[5] / "examples" / "agents"


@pytest.mark.parametrize(
    ("example", "text", "intent"),
    [
        ("clinic", "Appointment on 10 December please. Paul Meyer, 555 0122.", "appointment"),
        ("parcels", "Where is PX-40218?", "track"),
        ("parcels", "When does PX-40217 get here?", "track"),
    ],
)
def test_a_clause_is_a_wish_by_the_words_beside_its_values(
    understander: Understander, example: str, text: str, intent: str
) -> None:
    agent = parse_file(_EXAMPLES / example / f"{example}.yaml")
    assert _wanted(understander, agent, "en", text) == [intent]


@pytest.mark.parametrize("text", ["on 4 December at 10 am", "It's PX-40217.", "let's say 8 pm"])
def test_values_alone_are_no_wish(understander: Understander, text: str) -> None:
    for example in ("restaurant", "parcels"):
        assert not _wanted(understander, parse_file(_EXAMPLES / example / f"{example}.yaml"), "en", text)


def test_a_day_that_is_a_field_is_no_condition(understander: Understander) -> None:
    agent = parse_file(_EXAMPLES / "restaurant" / "restaurant.yaml")
    text = "Ich möchte am 5. Dezember um 20 Uhr einen Tisch für zwei"
    assert understander.understand(text, "de", agent).condition is None
    assert understander.understand("Nur wenn wir draußen sitzen können", "de", agent).condition


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("en", "My parcel isn't lost, it just came.", []),
        ("en", "The parcel isn't damaged", []),
        ("de", "Mein Paket ist nicht beschädigt", []),
        ("en", "My parcel is damaged, it is not nice.", ["damaged"]),
    ],
)
def test_what_something_is_not_is_no_wish(
    understander: Understander, language: str, text: str, wanted: list[str]
) -> None:
    agent = parse_file(_EXAMPLES / "parcels" / "parcels.yaml")
    assert _wanted(understander, agent, language, text) == wanted


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "My neighbour has no internet, mine works."),
        ("en", "There's a bill open, I'll pay it."),
        ("de", "Mein Nachbar hat kein Internet, bei mir läuft alles."),
        ("de", "Da ist noch eine Rechnung offen, die zahle ich noch."),
        ("es", "Mi vecino no tiene internet, el mío funciona."),
        ("es", "Hay una factura pendiente, ya la pago yo."),
        ("fr", "Mon voisin n'a pas internet, chez moi ça marche."),
    ],
)
def test_what_needs_nothing_is_not_wanted(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str
) -> None:
    assert understander.understand(text, language, billing_agent).wishes
    assert _wanted(understander, billing_agent, language, text) == []


def test_mine_works_only_sometimes_is_a_fault(understander: Understander, billing_agent: AgentDefinition) -> None:
    assert _wanted(understander, billing_agent, "en", "My internet is down, mine works only at night")


def test_a_negative_reason_takes_no_wish_back(understander: Understander, billing_agent: AgentDefinition) -> None:
    text = "I want to cancel my landline, don't use it no more, everybody rings the mobile."
    polarity = {each.intent: each.polarity for each in understander.understand(text, "en", billing_agent).wishes}
    assert polarity == {"cancel": Polarity.DOUBTFUL}
    text = "I want to cancel my landline. No wait, don't do it."
    polarity = {each.intent: each.polarity for each in understander.understand(text, "en", billing_agent).wishes}
    assert polarity == {"cancel": Polarity.DENIED}


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [
        (
            "es",
            "hola buenas no corre ninguna prisa me mandan la factura de enero cuando les venga bien cliente 9 0 3 1 4",
            "invoice",
        ),
        (
            "de",
            "ich war grad dringend bei der post und hab jetzt zeit was bedeutet denn der posten servicepauschale auf "
            "meiner rechnung kundennummer 6 6 0 1 8",
            "billing",
        ),
    ],
)
def test_a_wish_in_speech_without_punctuation(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, intent: str
) -> None:
    assert _wanted(understander, billing_agent, language, text) == [intent]
