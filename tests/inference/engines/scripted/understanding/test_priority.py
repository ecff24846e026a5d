"""The priority that a customer gives their matter, and that "no hurry" takes nothing back."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Polarity


@pytest.mark.parametrize(
    ("language", "text", "priority"),
    [
        ("en", "There is an outage at my office. The bill isn't important, account 20417", None),
        ("en", "My internet is down, no hurry", "LOW"),
        ("en", "My internet is down, it's not urgent", "LOW"),
        ("en", "emergency, my mother's alarm line is dead", "URGENT"),
        ("en", "my router is broken, please fix it as soon as possible", "HIGH"),
        ("en", "I was charged twice", None),
        ("en", "no hurry at all, but I'd like a copy of my February invoice some day", "LOW"),
        ("de", "mein Internet geht nicht, es eilt nicht", "LOW"),
        ("de", "Notfall, meine Leitung ist tot", "URGENT"),
        ("es", "no funciona internet, es urgente", "URGENT"),
        ("es", "tengo una duda con la factura, no hay prisa", "LOW"),
        ("fr", "ma ligne est morte, c'est urgent", "URGENT"),
        ("fr", "j'ai une question sur ma facture, rien d'urgent", "LOW"),
        ("es", "Es urgente, no tengo línea y mi madre está enferma", "URGENT"),
        ("en", "I study critical theory and my internet is slow", None),
        ("en", "The invoice isn't urgent, but my internet is dead", None),
        ("en", "There's a bill open, that one isn't important, I'll pay it later. But my internet is gone", "NORMAL"),
        ("hi", "मेरा नेट बंद है, तुरंत ठीक करो", "URGENT"),
        ("hi", "बिल की कॉपी चाहिए, कोई जल्दी नहीं है", "LOW"),
    ],
)
def test_priority(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, priority: str | None
) -> None:
    understood = understander.understand(text, language, billing_agent)
    assert understood.priority == priority
    assert Polarity.WANTED in {each.polarity for each in understood.wishes}


def test_what_is_only_ranked_is_no_wish(understander: Understander, billing_agent: AgentDefinition) -> None:
    understood = understander.understand("The invoice isn't urgent, but my internet is dead", "en", billing_agent)
    wanted = [each.intent for each in understood.wishes if each.polarity is Polarity.WANTED]
    assert wanted == ["outage"]
