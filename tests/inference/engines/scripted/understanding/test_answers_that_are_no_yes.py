"""What is said instead of a yes to "shall I file this?", by kind and language: none of it may pass for one.

Denial, hesitation, question, condition, history, hypothesis, another person, quotation, sarcasm, a sign of listening.
"""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Expectation, Reaction

_CONFIRMS = Expectation((), (), confirms=True, binds=True)
_NO_YES = {
    "en": [
        "please do not do that", "I'd rather keep it", "leave it then", "on second thoughts I'll keep it",
        "not just yet", "I'm in two minds", "that sounds good but I need to think", "okay, but first tell me the price",
        "yes?", "and when would it end?", "could I come back later?", "sure, what else can you do for me?",
        "as long as I keep my number", "unless you can give me a better price", "if it's free, yes",
        "last year I said yes to this and you still billed me", "if I said yes, what happens to my number?",
        "my husband says yes", "I said I wanted to know the price, not cancel", "yeah right",
        "yes, I'm still here", "yes, I hear you", "okay, I see", "fine, I'll call back",
        "yes, I'd like to speak to someone first",
    ],
    "de": [
        "nee, lassen Sie mal", "dann lassen wir das", "ich bleibe doch lieber", "warten Sie mal kurz", "jein",
        "gut, ich denke drüber nach", "fällt da eine Gebühr an?", "ja, aber nur wenn es nichts kostet",
        "letztes Jahr habe ich ja gesagt und nichts ist passiert", "angenommen, ich sage ja, was passiert dann?",
        "meine Frau sagt ja", "das habe ich so nicht gesagt", "ja ja, schon klar", "na klasse, ganz toll",
        "ja, ich bin noch dran", "ja, ich höre", "aha, verstehe",
    ],
    "es": [
        "mejor me quedo", "déjelo entonces", "todavía no", "no lo tengo claro", "¿hay penalización?",
        "siempre que conserve mi número", "el año pasado dije que sí y no pasó nada", "mi mujer dice que sí",
        "si digo que sí, ¿qué pasa con mi número?", "yo no he dicho eso", "sí, claro, y qué más", "sí, sigo aquí",
        "sí, le oigo", "ah, entiendo", "vale, pero primero dígame el precio",
    ],
    "fr": [
        "finalement je reste", "bon, laissez alors", "pas encore", "je ne sais pas trop", "il y a des frais ?",
        "à condition de garder mon numéro", "l'an dernier j'ai dit oui et rien ne s'est passé", "ma femme dit oui",
        "si je dis oui, je perds mon numéro ?", "je n'ai pas dit ça", "mais oui, bien sûr, et puis quoi encore",
        "oui, je suis toujours là", "oui, je vous écoute", "ah, je comprends", "d'accord, mais d'abord le prix",
    ],
    "hi": [
        "हाँ, मतलब नहीं, रहने दीजिए", "जैसा है वैसा ही रहने दो", "अभी नहीं", "पता नहीं", "कोई चार्ज लगेगा क्या?",
        "हाँ, लेकिन तभी जब कोई चार्ज न लगे", "पिछले साल मैंने हाँ कहा था और कुछ नहीं हुआ", "मेरी पत्नी हाँ कहती है",
        "अगर मैं हाँ कहूँ तो मेरे नंबर का क्या होगा?", "मैंने ऐसा नहीं कहा", "वाह, एक और फ़ॉर्म, बहुत बढ़िया",
        "हाँ, सुन रहा हूँ", "अच्छा, समझ गया", "haan lekin pehle kharcha batao",
    ],
}  # fmt: skip
_YES = {
    "en": ["Spot on.", "Yes, that's right now.", "Fair enough, I can look it up myself. Yes, please put me on it."],
    "de": ["haargenau", "na gut, machen wir das so"],
    "es": ["exactamente", "venga, sí"],
    "fr": ["exactement", "Bon, il est déjà fini, ce rabais. Allez-y, changez-moi ça."],
    "hi": ["हाँ, अब ठीक है।", "theek hai kar dijiye"],
}


@pytest.mark.parametrize("language", _NO_YES)
def test_what_is_no_yes(understander: Understander, billing_agent: AgentDefinition, language: str) -> None:
    read = {
        text: understander.understand(text, language, billing_agent, _CONFIRMS).reaction for text in _NO_YES[language]
    }
    assert [text for text, reaction in read.items() if reaction is Reaction.YES] == []

    def reaction_to(text: str) -> Reaction:
        return understander.understand(text, language, billing_agent, _CONFIRMS).reaction

    assert [text for text in _NO_YES[language] if reaction_to(text) is Reaction.YES] == []
    assert [text for text in _YES[language] if reaction_to(text) is not Reaction.YES] == []
