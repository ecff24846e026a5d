"""Every question gets an answer, or an honest "I cannot tell you that": never a status line beside the question."""

from __future__ import annotations

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.dialogue.asked_ahead import asks_ahead
from inference.engines.scripted.values import Polarity, Reaction, Understanding
from tests.inference.engines.scripted.dialogue.talk import Talk, said, wish


def _filed(language: str = "en") -> Talk:
    talk = Talk(known={"name": "Ann Lee", "account_id": "48210"}, language=language)
    talk.say(said("the line hums", wish("technical"), language=language))
    assert talk.filed == ["technical_issue"]
    return talk


def _asked(text: str, language: str = "en", *acts: str) -> Understanding:
    return said(text, language=language, acts=acts, question=True, reaction=Reaction.QUESTION)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "and under what name did you file it?"),
        ("de", "Auf welchen Namen haben Sie das aufgenommen?"),
        ("es", "¿A nombre de quién la ha puesto?"),
        ("fr", "À quel nom l'avez-vous enregistrée ?"),
        ("hi", "आपने किस नाम से दर्ज किया?"),
        ("hi", "kis naam se likha hai?"),
        ("hi", "کس نام سے لکھا ہے؟"),
    ],
)
def test_a_recorded_value_is_told(language: str, question: str) -> None:
    talk = _filed(language)
    reply = talk.say(_asked(question, language, "status"))
    assert talk.keys[0] == "recorded.name"
    assert "Ann Lee" in reply


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "What exactly did you write down?"),
        ("de", "Was genau haben Sie da notiert?"),
        ("es", "¿Qué ha anotado exactamente?"),
        ("fr", "Qu'est-ce que vous avez noté exactement ?"),
        ("hi", "आपने ठीक-ठीक क्या लिखा है?"),
        ("hi", "aapne kya likha hai?"),
        ("hi", "آپ نے کیا لکھا ہے؟"),
    ],
)
def test_what_was_noted_is_told_in_the_words_of_the_record(language: str, question: str) -> None:
    talk = _filed(language)
    reply = talk.say(_asked(question, language, "status"))
    assert talk.keys[:2] == ["status_filed", "recorded.query"]
    assert "the line hums" in reply
    assert "48210" in reply


def test_a_number_that_is_not_named_further_is_any_of_them() -> None:
    talk = _filed()
    reply = talk.say(_asked("under which number did you record it?", "en", "status"))
    assert "K700R123" in reply
    assert "48210" in reply
    talk.say(_asked("what was the reference number?", "en", "status"))
    assert talk.keys == ["status_filed", "anything_else"]


def test_an_address_on_the_record_is_told_and_what_it_lacks_is_said() -> None:
    talk = Talk(known={"name": "Ann Lee"})
    talk.say(said("I have moved to 1 High Street", wish("contact_change"), new_address="1 High Street"))
    talk.say(said("yes", reaction=Reaction.YES))
    assert talk.filed == ["contact_details_change"]
    assert "1 High Street" in talk.say(_asked("which address did you write down?", "en", "recall"))
    talk.say(_asked("and which e-mail have you got?", "en", "recall"))
    assert talk.keys[0] == "unknown"
    other = _filed()
    other.say(_asked("which e-mail did you note?", "en", "recall"))
    assert other.keys[0] == "cannot_tell_filed"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "and when will it be fixed?"),
        ("en", "Will a technician come?"),
        ("de", "Kommt da morgen jemand?"),
        ("de", "Und wann läuft das wieder?"),
        ("es", "¿Va a venir alguien hoy?"),
        ("fr", "Ça sera réparé quand ?"),
        ("hi", "ये कब तक ठीक होगा?"),
        ("hi", "kya kal koi aayega?"),
        ("hi", "کیا کل کوئی آئے گا؟"),
    ],
)
def test_what_is_to_come_is_no_question_of_state(language: str, question: str) -> None:
    assert asks_ahead(question, language)
    talk = _filed(language)
    talk.say(_asked(question, language, "status"))
    assert talk.keys[0] == "cannot_tell_filed"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "did you file it?"),
        ("en", "will it be recorded?"),
        ("en", "is it in the system now?"),
        ("en", "do I get a reference?"),
        ("de", "wird das aufgenommen?"),
        ("de", "ist das jetzt notiert?"),
        ("es", "¿lo ha registrado?"),
        ("fr", "c'est bien enregistré ?"),
        ("hi", "क्या आपने दर्ज कर लिया?"),
    ],
)
def test_a_question_of_state_is_answered_with_it(language: str, question: str) -> None:
    assert not asks_ahead(question, language)
    talk = _filed(language)
    talk.say(_asked(question, language, "status"))
    assert talk.keys[0] == "status_filed"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "are you sending someone tomorrow?"),
        ("de", "Schicken Sie mir morgen jemanden vorbei?"),
        ("es", "¿Me mandan a alguien mañana por la mañana?"),
        ("fr", "Vous m'envoyez quelqu'un demain matin ?"),
        ("hi", "क्या आप कल किसी को भेज रहे हैं?"),
    ],
)
def test_what_comes_of_a_filing_is_no_wish_for_a_person(language: str, question: str) -> None:
    talk = _filed(language)
    human = wish("human", question, score=0.98, requested=True, asks=True)
    talk.say(said(question, human, language=language, question=True, reaction=Reaction.QUESTION))
    assert talk.filed == []
    assert talk.keys == ["cannot_tell_filed", "anything_else"]


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "can I speak to somebody?"),
        ("de", "Verbinden Sie mich mit jemandem?"),
        ("es", "¿Me pasa con alguien?"),
        ("fr", "Vous me passez quelqu'un ?"),
        ("hi", "kya main kisi insaan se baat kar sakta hoon?"),
    ],
)
def test_a_person_is_still_asked_for_by_a_question(language: str, question: str) -> None:
    talk = _filed(language)
    talk.say(said(question, wish("human", question, requested=True, asks=True), language=language, question=True))
    assert talk.filed == ["human_handover"]


def test_a_question_of_what_was_noted_is_no_wish_either() -> None:
    talk = _filed()
    text = "which fault did you note?"
    talk.say(said(text, wish("technical", text, requested=True, asks=True), question=True, acts=("status",)))
    assert talk.filed == []
    assert talk.keys[0] == "status_filed"


@pytest.mark.parametrize(
    ("language", "question", "act"),
    [
        ("en", "Do I have to put that in writing as well, or is this enough?", "why"),
        ("en", "And how long does it take?", "out_of_scope"),
        ("en", "Will I get a letter by post?", "status"),
        ("de", "Muss ich das dann noch schriftlich machen, oder reicht das so?", "why"),
        ("de", "Und meine Nummer, kann ich die behalten?", "recall"),
        ("es", "¿Tengo que mandarlo también por escrito?", "why"),
        ("fr", "Ça prend combien de temps ?", "out_of_scope"),
        ("hi", "isme kitna time lagega?", "out_of_scope"),
    ],
)
def test_a_question_instead_of_a_yes_is_not_passed_over(language: str, question: str, act: str) -> None:
    talk = Talk(known={"name": "Ann Lee"}, language=language)
    talk.say(said("cancel", wish("cancel"), language=language))
    assert talk.keys[-1] == "confirm"
    talk.say(_asked(question, language, act))
    assert talk.keys[0] == "cannot_tell"
    assert talk.keys[-1] == "confirm"
    talk.say(said("yes", reaction=Reaction.YES, language=language))
    assert talk.filed == ["cancellation"]


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "why do you ask me that?"),
        ("de", "Wozu fragen Sie das?"),
        ("es", "¿Para qué me lo pregunta?"),
        ("fr", "Pourquoi vous me demandez ça ?"),
        ("hi", "यह क्यों पूछ रहे हैं?"),
    ],
)
def test_the_reason_of_a_confirmation_is_still_told(language: str, question: str) -> None:
    talk = Talk(known={"name": "Ann Lee"}, language=language)
    talk.say(said("cancel", wish("cancel"), language=language))
    talk.say(_asked(question, language, "why"))
    assert talk.keys[0] == "why_confirm"


def test_a_question_of_another_matter_leaves_the_confirmation_open() -> None:
    agent = builtin_agents()["retention_agent"]
    outside = next(each.name for each in agent.intents if each.scenario is None and not each.answer)
    talk = Talk(agent=agent, known={"name": "Ann Lee"})
    talk.say(said("cancel", wish("cancel")))
    talk.say(said("what becomes of my mail?", wish(outside, polarity=Polarity.ASKED), question=True))
    assert talk.keys[-1] == "confirm"


def test_a_question_beside_a_new_matter_is_answered_first() -> None:
    for text, first in (
        ("the line hums. When will it be fixed?", "cannot_tell"),
        ("the line hums. When I lift it, it hums more.", "filed"),
        ("the line hums, when I lift it", "filed"),
    ):
        talk = Talk(known={"name": "Ann Lee"})
        talk.say(said(text, wish("technical", "the line hums"), question=True, reaction=Reaction.QUESTION))
        assert talk.filed == ["technical_issue"]
        assert talk.keys[0] == first
