"""What the values in a clause tell about its wish: a name of a plan asks for one, a reason is no wish of its own."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
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
