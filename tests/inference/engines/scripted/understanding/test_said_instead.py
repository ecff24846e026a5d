"""What is meant instead of something denied, and questions of what has come about, in five languages."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.clauses import split_clauses
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Polarity


@pytest.mark.parametrize(
    ("language", "text", "second"),
    [
        ("en", "i'm not calling to cancel it's just that i was charged twice for october", "it's just that i was"),
        ("en", "i don't want to cancel i just want my internet working again", "i just want my"),
        ("de", "kündigen will ich nicht ich will nur dass es wieder geht", "ich will nur dass"),
        ("es", "no llamo para cancelar es que me han cobrado dos veces octubre", "es que me"),
        ("es", "no quiero darme de baja solo quiero que me arreglen el internet", "solo quiero que"),
        ("fr", "je vous appelle pas pour résilier c'est juste qu'on m'a prélevé deux fois", "c'est juste qu'on"),
        ("hi", "मुझे कनेक्शन बंद नहीं करना बस मेरा इंटरनेट नहीं चल रहा", "बस मेरा"),
        ("hi", "mujhe connection band nahi karna bas mera internet nahi chal raha hai", "bas mera"),
    ],
)
def test_what_is_meant_instead_is_a_clause(language: str, text: str, second: str) -> None:
    clauses = split_clauses(text, cues(language))
    assert any(each.text.startswith(second) for each in clauses), [each.text for each in clauses]


def test_without_a_denial_only_opens_no_clause() -> None:
    assert len(split_clauses("hello there my friend i just want to cancel", cues("en"))) == 1


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("en", "i'm not calling to cancel it's just that i was charged twice for october", "overcharge"),
        ("de", "kündigen will ich nicht ich will nur dass es wieder geht das internet ist komplett weg", "outage"),
        ("es", "no llamo para cancelar es que me han cobrado dos veces octubre", "overcharge"),
        ("fr", "je vous appelle pas pour résilier c'est juste qu'on m'a prélevé deux fois", "overcharge"),
        ("hi", "mujhe connection band nahi karna bas mera internet somvar se nahi chal raha hai", "outage"),
    ],
)  # fmt: skip
def test_what_is_meant_instead_is_wanted(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, wanted: str
) -> None:
    found = {each.intent: each.polarity for each in understander.understand(text, language, billing_agent).wishes}
    assert found.get(wanted) is Polarity.WANTED, found
    assert found.get("cancel", Polarity.DENIED) is Polarity.DENIED, found


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "is the line switched off already", True),
        ("en", "has the money gone out", True),
        ("en", "why is my bill so high already", False),
        ("en", "can you cancel it now", False),
        ("de", "ist der anschluss schon abgeschaltet", True),
        ("de", "kann ich jetzt kündigen", False),
        ("es", "ya está dada de baja la línea", True),
        ("es", "ya puedo cancelar la línea", False),
        ("fr", "la ligne est déjà coupée", True),
        ("fr", "est-ce que la ligne est déjà coupée", True),
        ("fr", "pourquoi la ligne est déjà coupée", False),
        ("hi", "kya line band ho gayi", True),
        ("hi", "क्या लाइन बंद हो गई", True),
        ("hi", "kya main connection band kar sakta hoon", False),
    ],
)
def test_questions_of_what_has_come_about(language: str, text: str, asked: bool) -> None:
    assert (cues(language).state_questions.match(normalized(text).text) is not None) is asked
