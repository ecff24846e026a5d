"""Reluctant yeses at a confirmation, what sounds like one, and conditions that a denial says again."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.reading.reader import UnderstandingReader
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Expectation, Reaction
from inference.turn.guard.reading import Answer

_CONFIRMS = Expectation(confirms=True, binds=True)
_YES = {
    "en": [
        "oh go on then", "Might as well.", "Fine, whatever, do it.", "Yeah, I suppose so, go ahead.",
        "Oh all right, if we must.", "Let's just get it over with.", "If you must, go ahead.", "I don't care, do it.",
    ],
    "de": [
        "na dann machen Sie mal", "Meinetwegen.", "Na schön, dann machen Sie das halt.", "Na dann, in Gottes Namen.",
        "Wenn's sein muss, dann machen Sie es.", "Hilft ja nichts, machen Sie's.",
    ],
    "es": [
        "bueno, dale pues", "Qué remedio, hágalo.", "Dale, no me queda otra.", "Vale, qué le vamos a hacer.",
        "Me da igual, hágalo.",
    ],
    "fr": [
        "allez, va pour ça", "Tant pis, faites-le.", "Soit, finissons-en.", "Oh et puis zut, allez-y.",
        "Bon, s'il le faut, allez-y.",
    ],
    "hi": ["chalo kar do", "चलो, कर ही डालो।", "چلو کر دو", "जो भी हो, कर दो।", "अब क्या करें, कर दीजिए।"],
}  # fmt: skip
_NO_YES = {
    "en": [
        "I might.", "Maybe go on then?", "Go on, what else?", "Whatever.", "I suppose so.", "Go ahead?",
        "Might as well keep it.", "Go on then, tell me what it costs.", "Fine, I'll think about it.",
    ],
    "de": [
        "machen Sie mal langsam", "Machen Sie das?", "Wenn's sein muss.", "Na dann mal sehen.", "Wer weiß.",
        "Was soll's, lassen Sie es.", "Machen Sie's gut.", "Macht's gut, tschüss.",
    ],
    "es": ["Dale más despacio.", "Vale, me lo pienso.", "¿Dale? ¿Dale qué?", "Pues igual sí, igual no."],
    "fr": ["Allez doucement.", "Allez savoir.", "Tant pis, laissez tomber.", "D'accord, j'y réfléchis."],
    "hi": ["chalo dekhte hain", "Kar do? Kya kar do?", "چلو رہنے دو", "जो भी हो, रहने दो।", "अब क्या करें।"],
}  # fmt: skip
#: Language -> what is said -> the condition in it.
_CONDITIONS = {
    "en": {
        "Fine, but only from the end of the year, not before.": "but only from the end of the year, not before",
        "Not yet, from the first of July please.": "from the first of July please",
        "Yes if I keep my number, otherwise not.": "if I keep my number, otherwise not",
    },
    "de": {
        "Hm. Na gut, aber erst zum Jahresende, vorher nicht.": "aber erst zum Jahresende, vorher nicht",
        "Einverstanden, wenn die Rufnummer bleibt, sonst nicht.": "wenn die Rufnummer bleibt, sonst nicht",
        "Na gut, aber auf keinen Fall vor dem 15. Mai.": "auf keinen Fall vor dem 15. Mai",
        "Nicht jetzt, erst im Mai.": "erst im Mai",
    },
    "es": {
        "Vale, a final de año, y en ningún caso antes.": "a final de año, y en ningún caso antes",
        "Ahora no, a partir de mayo.": "a partir de mayo",
    },
    "fr": {
        "Entendu, au 1er avril, et surtout pas avant.": "au 1er avril, et surtout pas avant",
        "Oui, si je garde mon numéro, sinon non.": "si je garde mon numéro, sinon non",
        "Pas maintenant, à partir de mai.": "à partir de mai",
    },
    "hi": {
        "Haan, agar number wahi rahe to, warna nahi.": "agar number wahi rahe to, warna nahi",
        "ठीक है, पर साल के अंत में, उससे पहले नहीं।": "पर साल के अंत में, उससे पहले नहीं",
    },
}
_NO_CONDITION = {
    "en": [("Not yet, I'll call you on Monday.", Reaction.WAIT)],
    "de": [("Vorher nicht.", Reaction.WAIT), ("Nicht jetzt, ich melde mich im Mai.", Reaction.NO)],
    "es": [("Ni antes ni después, no quiero.", Reaction.NO)],
    "fr": [("Pas encore.", Reaction.WAIT)],
    "hi": [("उससे पहले मुझे सोचना है।", Reaction.WAIT)],
}


@pytest.mark.parametrize("language", _YES)
def test_a_reluctant_yes_is_one_to_the_dialogue_and_to_the_guard(
    understander: Understander, billing_agent: AgentDefinition, language: str
) -> None:
    reader = UnderstandingReader(lambda: understander)

    def read(text: str) -> tuple[Reaction, Answer]:
        understood = understander.understand(text, language, billing_agent, _CONFIRMS)
        return understood.reaction, reader.read(text, language, billing_agent, question="Shall I do it?").answer

    assert [text for text in _YES[language] if read(text) != (Reaction.YES, Answer.YES)] == []


@pytest.mark.parametrize("language", _NO_YES)
def test_what_only_sounds_like_giving_in_is_no_yes(
    understander: Understander, billing_agent: AgentDefinition, language: str
) -> None:
    def reaction(text: str) -> Reaction:
        return understander.understand(text, language, billing_agent, _CONFIRMS).reaction

    assert [text for text in _NO_YES[language] if reaction(text) is Reaction.YES] == []


@pytest.mark.parametrize("language", _CONDITIONS)
def test_a_denial_that_says_a_condition_again_is_part_of_it(
    understander: Understander, billing_agent: AgentDefinition, language: str
) -> None:
    for text, condition in _CONDITIONS[language].items():
        understood = understander.understand(text, language, billing_agent, _CONFIRMS)
        assert (understood.reaction, understood.condition) == (Reaction.CONDITION, condition)


@pytest.mark.parametrize("language", _NO_CONDITION)
def test_without_a_condition_it_is_a_denial_or_a_delay(
    understander: Understander, billing_agent: AgentDefinition, language: str
) -> None:
    for text, reaction in _NO_CONDITION[language]:
        assert understander.understand(text, language, billing_agent, _CONFIRMS).reaction is reaction, text
