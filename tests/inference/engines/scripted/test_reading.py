"""The guard's reader: over the models, and by word lists where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from db.agents.builtin import builtin_agents
from db.errors import EngineUnavailable
from inference.engines.scripted.reading.claims import claims_of
from inference.engines.scripted.reading.lexicon_reader import LexiconReader
from inference.engines.scripted.reading.reader import UnderstandingReader
from inference.engines.scripted.values import Reaction, Understanding
from inference.turn.guard.reading import Answer, Withheld

AGENT = builtin_agents()["billing_agent"]
QUESTION = "Shall I file it?"


class _Understands:
    """Takes every text for the same reaction, in the language that it is told."""

    def __init__(self, reaction: Reaction) -> None:
        self._reaction = reaction

    def understand(self, text: str, language: str, *_: Any) -> Understanding:
        return Understanding(text, language, reaction=self._reaction)


def reader_of(reaction: Reaction) -> UnderstandingReader:
    made: Any = _Understands(reaction)
    return UnderstandingReader(lambda: made)


@pytest.mark.parametrize(
    ("language", "yes", "under_condition"),
    [
        ("en", "yes please", "yes, but only in December"),
        ("es", "sí, por favor", "sí, pero solo en diciembre"),
        ("de", "ja, bitte", "ja, aber erst im Dezember"),
        ("fr", "oui, s'il vous plaît", "oui, mais seulement en décembre"),
        ("hi", "हाँ, कर दीजिए", "हाँ, पर दिसंबर में ही"),
    ],
)
def test_a_yes_with_a_reservation_is_none_whatever_the_models_say(
    language: str, yes: str, under_condition: str
) -> None:
    reader = reader_of(Reaction.YES)
    assert reader.read(yes, language, AGENT, question=QUESTION).answer is Answer.YES
    reading = reader.read(under_condition, language, AGENT, question=QUESTION)
    assert (reading.answer, reading.condition) == (Answer.CONDITION, under_condition)


@pytest.mark.parametrize(("language", "yes"), [("en", "yes"), ("es", "sí"), ("de", "ja"), ("fr", "oui"), ("hi", "हाँ")])
def test_plain_words_of_assent_are_a_yes_where_the_models_are_unsure(language: str, yes: str) -> None:
    assert reader_of(Reaction.NONE).read(yes, language, AGENT, question=QUESTION).answer is Answer.YES
    for reaction in (Reaction.NO, Reaction.WAIT, Reaction.MIXED, Reaction.QUESTION):
        assert reader_of(reaction).read(yes, language, AGENT, question=QUESTION).answer is not Answer.YES


@pytest.mark.parametrize("error", [EngineUnavailable("The weights are missing."), ModuleNotFoundError(name="onnx")])
async def test_without_models_it_reads_by_word_lists_and_says_so(error: Exception) -> None:
    def make() -> Any:
        raise error

    reader = UnderstandingReader(make)
    await reader.load()
    assert reader.name == "lexicon"
    assert reader.read("yes", "en", AGENT, question=QUESTION).answer is Answer.YES
    assert reader.read("yes, the other one", "en", AGENT, question=QUESTION).answer is Answer.OTHER


def test_word_lists_take_no_doubtful_yes() -> None:
    reader = LexiconReader()
    for text in ("yes?", "yes but wait", "yes no", "I said yes to my wife", "", "…", "yes " * 5000 + "never"):
        assert reader.read(text, "en", AGENT).answer is not Answer.YES, text[:20]
    assert reader_of(Reaction.YES).read("yes " * 5000 + "never", "en", AGENT).answer is not Answer.YES


DONE = {
    "en": ["I have filed your request.", "It's done.", "Not to worry, I've cancelled it.", "Done!"],
    "es": ["He registrado su solicitud.", "Ya está hecho.", "Se ha cancelado su contrato."],
    "de": ["Ich habe Ihre Kündigung für Sie eingereicht.", "Ihr Vertrag wurde gekündigt.", "Erledigt!"],
    "fr": ["J'ai enregistré votre demande.", "Votre contrat a été résilié.", "C'est fait."],
    "hi": ["आपका अनुरोध दर्ज हो गया है।", "मैंने आपका कनेक्शन रद्द कर दिया है।", "aapki request darj ho gayi hai."],
}
NOT_DONE = {
    "en": ["I have not filed it.", "Nothing has been filed yet.", "Once it is filed, I will say so.", "I can file it."],
    "es": ["Todavía no está registrada.", "No se ha registrado nada.", "Puedo registrarlo."],
    "de": ["Ich habe noch nichts aufgenommen.", "Sobald es aufgenommen ist, sage ich Bescheid."],
    "fr": ["Rien n'a été enregistré.", "Je ne l'ai pas envoyée.", "Je peux l'enregistrer."],
    "hi": ["अभी कुछ दर्ज नहीं हुआ है।", "मैं इसे दर्ज करूँगा।"],
}


@pytest.mark.parametrize("language", list(DONE))
def test_claims_are_told_from_denials_and_offers(language: str) -> None:
    assert [text for text in DONE[language] if not claims_of(language).found_in(text)] == []
    assert [text for text in NOT_DONE[language] if claims_of(language).found_in(text)] == []
    honest = [LexiconReader().instead(why, language) for why in Withheld]
    assert [text for text in honest if claims_of(language).found_in(text)] == []
