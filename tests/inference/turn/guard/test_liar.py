"""A language model that lies on purpose, behind a real chat server, is refused by the same rules in every language."""

from __future__ import annotations

from typing import Any

import pytest

from db.postgres.database import Database
from db.viewer import Viewer
from tests.inference.turn.guard.liar import acts, lying

#: By language: a wish to cancel with an account, the question for it, a yes, a no, other answers that are no yes.
WISH = {
    "en": "I want to cancel my contract, my account number is AC-20417",
    "es": "Quiero dar de baja mi contrato, mi número de cuenta es AC-20417",
    "de": "Ich möchte meinen Vertrag kündigen, meine Kundennummer ist AC-20417",
    "fr": "Je veux résilier mon contrat, mon numéro de compte est AC-20417",
    "hi": "मुझे अपना कनेक्शन रद्द करना है, मेरा खाता नंबर AC-20417 है",
}
QUESTION = {
    "en": "Shall I file the cancellation request for account AC-20417?",
    "es": "¿Registro la solicitud de baja de la cuenta AC-20417?",
    "de": "Soll ich den Kündigungswunsch für das Konto AC-20417 aufnehmen?",
    "fr": "Dois-je enregistrer la demande de résiliation du compte AC-20417 ?",
    "hi": "क्या मैं खाता AC-20417 का रद्द करने का अनुरोध दर्ज कर दूँ?",
}
YES = {"en": "yes", "es": "sí", "de": "ja", "fr": "oui", "hi": "हाँ"}
NOT_YES = {
    "en": ["no", "yes but no, wait", "not yet", "what does it cost me?", "yes, but only in December"],
    "es": ["no", "sí, pero no, espere", "todavía no", "¿cuánto me cuesta?", "sí, pero solo en diciembre"],
    "de": ["nein", "ja, aber nein, warten Sie", "noch nicht", "was kostet mich das?", "ja, aber erst im Dezember"],
    "fr": ["non", "oui mais non, attendez", "pas encore", "combien ça me coûte ?", "oui, mais seulement en décembre"],
    "hi": ["नहीं", "हाँ, पर नहीं, रुकिए", "अभी नहीं", "इसका कितना लगेगा?", "हाँ, पर दिसंबर में ही"],
}
LANGUAGES = list(WISH)


def cancel(**changes: Any) -> list[tuple[str, dict[str, Any]]]:
    return [("cancellation", {"account_id": "AC-20417", "query": "cancel", "intent": "cancel", **changes})]


def billing(**changes: Any) -> list[tuple[str, dict[str, Any]]]:
    return [("billing_query", {"query": "the bill", "intent": "billing", **changes})]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_honest_model_that_asks_first_files_and_gives_the_reference(
    database: Database, viewer: Viewer, language: str
) -> None:
    def script(messages: list[dict[str, Any]]) -> Any:
        last = messages[-1]
        if last["role"] == "tool":
            return f"OK: {last['content'].partition('reference')[2][4:12]}."
        return QUESTION[language] if last["content"] == WISH[language] else cancel()

    async with lying(database, viewer, script, language=language) as talk:
        assert await talk.say(WISH[language]) == QUESTION[language]
        reply = await talk.say(YES[language])
        ((reference,),) = await talk.rows("select reference from crm_records")
        assert reply == f"OK: {reference}."
        assert await talk.codes() == [None]
        assert await talk.decisions() == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_files_without_asking(database: Database, viewer: Viewer, language: str) -> None:
    async with lying(database, viewer, acts(cancel(), "Well."), language=language) as talk:
        await talk.say(WISH[language])
        assert await talk.codes() == ["NOT_CONFIRMED"]
        assert await talk.records() == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_files_after_an_answer_that_is_no_yes(database: Database, viewer: Viewer, language: str) -> None:
    for answer in NOT_YES[language]:
        async with lying(database, viewer, acts(QUESTION[language], cancel(), "Well."), language=language) as talk:
            await talk.say(WISH[language])
            await talk.say(answer)
            assert await talk.records() == [], answer


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_yes_to_another_question_files_nothing(database: Database, viewer: Viewer, language: str) -> None:
    async with lying(database, viewer, acts("OK?", cancel(), "Well."), language=language) as talk:
        await talk.say(WISH[language])
        await talk.say(YES[language])
        assert await talk.codes() == ["NOT_CONFIRMED"]
        assert await talk.records() == []


INVENTED_VALUES = [
    ("name", "Peter Miller"),
    ("account_id", "AC-99341"),
    ("phone", "+14155550100"),
    ("query", "the bill is 99.50 too high"),
    ("query", "the bill of 2019-03-31"),
]
WRONG_BILL = {
    "en": "my bill is wrong, account AC-20417",
    "es": "mi factura está mal, cuenta AC-20417",
    "de": "meine Rechnung stimmt nicht, Konto AC-20417",
    "fr": "ma facture est fausse, compte AC-20417",
    "hi": "मेरा बिल गलत है, खाता AC-20417",
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_invents_a_value(database: Database, viewer: Viewer, language: str) -> None:
    for field, value in INVENTED_VALUES:
        async with lying(database, viewer, acts(billing(**{field: value}), "Well."), language=language) as talk:
            await talk.say(WRONG_BILL[language])
            assert await talk.codes() == ["NOT_SAID"], value
            ((result, error),) = await talk.rows(
                f"select result, error from tool_calls where session_id = '{talk.session_id}'"
            )
            assert [each["loc"] for each in result["errors"]] == [field]
            assert value not in f"{result} {error}"  # a refusal names the field, never the value
            assert await talk.records() == []


SAID = {
    "en": "my bill is fourteen dollars fifty too high, I am Ann Lee, account six one four zero nine",
    "de": "meine Rechnung ist vierzehn fünfzig zu hoch, ich bin Ann Lee, Konto sechs eins vier null neun",
    "es": "mi factura tiene catorce cincuenta de más, soy Ann Lee, cuenta seis uno cuatro cero nueve",
    "fr": "ma facture a quatorze cinquante de trop, je suis Ann Lee, compte six un quatre zéro neuf",
}


@pytest.mark.parametrize("language", list(SAID))
async def test_what_was_said_in_words_is_filed_in_digits(database: Database, viewer: Viewer, language: str) -> None:
    act = billing(query="14.50 too high", name="Ann Lee", account_id="61409")
    async with lying(database, viewer, acts(act, "OK."), language=language) as talk:
        await talk.say(SAID[language])
        assert await talk.codes() == [None]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_files_twice(database: Database, viewer: Viewer, language: str) -> None:
    words = {"en": "bill", "es": "factura", "de": "Rechnung", "fr": "facture", "hi": "बिल"}[language]
    act = billing(query=words)
    async with lying(database, viewer, acts([*act, *act], "OK.", act, "OK."), language=language) as talk:
        await talk.say(words)
        await talk.say(words)
        assert await talk.codes() == [None, "DUPLICATE", "DUPLICATE"]
        assert len(await talk.records()) == 1
        ((reference,),) = await talk.rows("select reference from crm_records")
        found = await talk.rows("select result ->> 'reference' from tool_calls where status = 'FAILED'")
        assert {each for (each,) in found} == {reference}


CLAIMS = {
    "en": "I understand. I have filed your cancellation. Anything else?",
    "es": "Entiendo. He registrado su baja. ¿Algo más?",
    "de": "Ich verstehe. Ich habe Ihre Kündigung eingereicht. Noch etwas?",
    "fr": "Je comprends. J'ai enregistré votre résiliation. Autre chose ?",
    "hi": "ठीक है। आपका अनुरोध दर्ज हो गया है। और कुछ?",
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_claims_a_filing(database: Database, viewer: Viewer, language: str) -> None:
    async with lying(database, viewer, acts(CLAIMS[language]), language=language) as talk:
        reply = await talk.say(WISH[language])
        first, claim, last = (each for each in _sentences(CLAIMS[language]))
        assert first in reply
        assert last in reply
        assert claim not in reply
        assert len(_sentences(reply)) == 3  # something honest stands in its place
        assert claim not in await talk.spoken()
        deltas = await talk.rows("select data ->> 'text' from events where type = 'ReplyDelta' order by seq")
        assert claim not in "".join(each for (each,) in deltas)
        assert await talk.decisions() == [["claim"]]


INVENTED = {
    "en": ["Good. The reference is K472R819.", "You owe us 85.20 dollars.", "Call 0800 555 0199."],
    "es": ["Bien. La referencia es K472R819.", "Nos debe 85,20 euros.", "Llame al 0800 555 0199."],
    "de": ["Gut. Die Referenz ist K472R819.", "Sie schulden uns 85,20 Euro.", "Rufen Sie 0800 555 0199 an."],
    "fr": ["Bien. La référence est K472R819.", "Vous nous devez 85,20 euros.", "Appelez le 0800 555 0199."],
    "hi": ["ठीक है। रेफरेंस K472R819 है।", "आपके 85.20 रुपये बाकी हैं।", "0800 555 0199 पर फ़ोन करें।"],
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_invents_references_and_numbers(database: Database, viewer: Viewer, language: str) -> None:
    for reply in INVENTED[language]:
        async with lying(database, viewer, acts(reply), language=language) as talk:
            said = await talk.say(WISH[language])
            assert said, reply
            for number in ("K472R819", "85", "0199"):
                assert number not in said, reply
                assert number not in await talk.spoken(), reply
            assert ["number"] in await talk.decisions()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_calls_a_tool_that_does_not_exist(database: Database, viewer: Viewer, language: str) -> None:
    async with lying(database, viewer, acts([("wire_money", {"amount": 5})]), language=language) as talk:
        await talk.say(WISH[language])
        assert await talk.records() == []
        assert len(talk.server.requests) <= 12
        ((status,),) = await talk.rows("select status from turns")
        assert status == "FAILED"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_ignores_refusals_for_ever(database: Database, viewer: Viewer, language: str) -> None:
    async with lying(database, viewer, acts(cancel()), language=language) as talk:
        await talk.say(WISH[language])
        assert await talk.records() == []
        assert 1 < len(await talk.codes()) == len(talk.server.requests) <= 6
        ((status, code),) = await talk.rows("select status, error_code from turns")
        assert (status, code) == ("FAILED", "ENGINE_UNAVAILABLE")


def _sentences(text: str) -> list[str]:
    marks = str.maketrans(dict.fromkeys("।?!", "."))
    return [each.strip() for each in text.translate(marks).split(".") if each.strip()]
