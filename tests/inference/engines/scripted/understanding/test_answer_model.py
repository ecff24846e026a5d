"""Answers to a confirmation by their likeness to examples, beside the rules; wishes that a later clause overtakes."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.answer_model import AnswerLikeness, weighed
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Expectation, Polarity, Reaction

_ASKED = Expectation(confirms=True, binds=True)


@pytest.mark.parametrize(
    ("rules", "likeness", "plain", "wishes", "right"),
    [
        (Reaction.NONE, AnswerLikeness(0.95, 0), True, False, Reaction.YES),
        (Reaction.NONE, AnswerLikeness(0.7, 0), True, False, Reaction.NONE),
        (Reaction.NONE, AnswerLikeness(0.95, 0), False, False, Reaction.NONE),
        (Reaction.NONE, AnswerLikeness(0, 0.95), True, False, Reaction.NO),
        (Reaction.YES, AnswerLikeness(0.02, 0.1), True, False, Reaction.MIXED),
        (Reaction.YES, AnswerLikeness(0.02, 0.1), True, True, Reaction.YES),
        (Reaction.NO, AnswerLikeness(0.95, 0), True, False, Reaction.MIXED),
        (Reaction.WAIT, AnswerLikeness(0.99, 0), True, False, Reaction.WAIT),
        (Reaction.QUESTION, AnswerLikeness(0.99, 0), True, False, Reaction.QUESTION),
    ],
)
def test_where_the_judges_disagree_nothing_is_a_yes(
    rules: Reaction, likeness: AnswerLikeness, plain: bool, wishes: bool, right: Reaction
) -> None:
    assert weighed(rules, likeness, plain=plain, wishes=wishes) is right


@pytest.mark.parametrize(
    ("language", "text", "right"),
    [
        ("en", "Everything you told me there is correct.", Reaction.YES),
        ("en", "Splendid, then please get on with it.", Reaction.YES),
        ("de", "Na gut, das hört sich vernünftig an, machen Sie das bitte.", Reaction.YES),
        ("de", "Na klar.", Reaction.YES),
        ("es", "Estupendo, pues hágalo.", Reaction.YES),
    ],
)
def test_what_no_rule_knows_is_judged_by_examples(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, right: Reaction
) -> None:
    assert understander.understand(text, language, billing_agent, _ASKED).reaction is right


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I will think it over, have a nice day."),
        ("en", "And what about my deposit?"),
        ("de", "Moment, was kostet der denn?"),
        ("de", "Gut, danke, und schönen Feierabend!"),
        ("es", "Perdón, es el 612 34 50 87."),
        ("fr", "Enfin attendez, il faut d'abord que j'en parle à ma femme."),
        ("hi", "सोच कर बताती हूँ"),
    ],
)
def test_what_is_no_answer_is_no_yes(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str
) -> None:
    assert understander.understand(text, language, billing_agent, _ASKED).reaction is not Reaction.YES


def test_with_a_goodbye_both_judges_must_agree(understander: Understander, billing_agent: AgentDefinition) -> None:
    for language, text in (("en", "Right, bye bye."), ("de", "Gut, tschüss."), ("es", "Vale, adiós.")):
        assert understander.understand(text, language, billing_agent, _ASKED).reaction is not Reaction.YES
    for language, text in (("en", "Yes please, bye."), ("de", "Ja bitte, tschüss.")):
        assert understander.understand(text, language, billing_agent, _ASKED).reaction is Reaction.YES


def test_a_question_behind_a_wait_is_a_question(understander: Understander, billing_agent: AgentDefinition) -> None:
    understood = understander.understand("Moment, was kostet der denn?", "de", billing_agent, _ASKED)
    assert understood.reaction is Reaction.QUESTION
    assert "wait" not in understood.acts


@pytest.mark.parametrize(
    ("language", "text", "right"),
    [
        ("en", "I was going to complain, but my son talked me out of it.", Polarity.DOUBTFUL),
        ("de", "Ich wollte mich beschweren, aber Ihr Kollege war dann so nett.", Polarity.DOUBTFUL),
        ("es", "Quería quejarme del técnico, pero ya está.", Polarity.DOUBTFUL),
        ("fr", "Je voulais me plaindre, mais votre collègue s'est excusé.", Polarity.DOUBTFUL),
        ("es", "Quería poner una queja.", Polarity.WANTED),
        ("en", "And nothing works here again, we have no internet at all.", Polarity.WANTED),
        ("en", "The new router won't turn on.", Polarity.WANTED),
        ("es", "Quiero pasarme a la tarifa de 20 gigas.", Polarity.WANTED),
        ("es", "Me han cobrado dos veces.", Polarity.WANTED),
    ],
)
def test_a_wish_that_is_overtaken_is_in_doubt_and_a_plain_one_is_not(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, right: Polarity
) -> None:
    understood = understander.understand(text, language, billing_agent)
    assert [each.polarity for each in understood.wishes] == [right]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Oh, my mistake, I was looking at the wrong page. All good."),
        ("de", "Jetzt läuft alles. Hat sich erledigt."),
        ("es", "Ay no, perdone, me he equivocado yo, está bien."),
    ],
)
def test_what_has_sorted_itself_out_is_taken_back(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str
) -> None:
    understood = understander.understand(text, language, billing_agent)
    assert "nevermind" in understood.acts
    assert not understood.wishes
