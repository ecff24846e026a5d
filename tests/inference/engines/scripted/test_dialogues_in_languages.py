"""The same dialogue in es, de, fr and hi: name, filed request, confirmed cancellation, handover."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from db.errors import EngineUnavailable
from inference.engines.scripted.engine import ScriptedEngine
from inference.ports import UserMessage
from inference.testing.chat_model import answer, chat_request
from tests.inference.engines.chat import Conversation


@dataclass(frozen=True)
class Script:
    hello: str
    named: str
    name: str
    bill: str
    cancel: str
    yes: str
    no: str
    decline: str
    person: str
    my_name: str
    account: str
    silence: str


SCRIPTS = {
    "es": Script(
        "Hola",
        "Me llamo José García",
        "José García",
        "me cobraron dos veces este mes",
        "quiero darme de baja",
        "sí, por favor",
        "no, mejor no",
        "no lo tengo",
        "quiero hablar con una persona",
        "¿cómo me llamo?",
        "mi número de cuenta es ACC 9 9 1",
        "oído",
    ),
    "de": Script(
        "Guten Tag",
        "Ich heiße Jürgen Groß",
        "Jürgen Groß",
        "mir wurde zweimal Geld abgebucht",
        "ich möchte meinen Vertrag kündigen",
        "ja, bitte",
        "nein, lieber nicht",
        "weiß ich nicht",
        "ich möchte mit einem Menschen sprechen",
        "wie heiße ich?",
        "meine Kundennummer ist ACC 9 9 1",
        "verstanden",
    ),
    "fr": Script(
        "Bonjour",
        "Je m'appelle Chloé Dupont",
        "Chloé Dupont",
        "on m'a prélevé deux fois ce mois-ci",
        "je veux résilier mon contrat",
        "oui, allez-y",
        "non, finalement non",
        "je ne l'ai pas",
        "je veux parler à une personne",
        "comment je m'appelle ?",
        "mon numéro de compte est ACC 9 9 1",
        "entendu",
    ),
    "hi": Script(
        "नमस्ते",
        "मेरा नाम अमित शर्मा है",
        "अमित शर्मा",
        "मुझसे दो बार पैसे काट लिए गए",
        "मुझे अपना कनेक्शन बंद करवाना है",
        "हाँ जी",
        "नहीं, रहने दीजिए",
        "याद नहीं",
        "मुझे किसी इंसान से बात करनी है",
        "मेरा नाम क्या है?",
        "मेरा खाता नंबर ACC 9 9 1 है",
        "सुनाई",
    ),
}
HINGLISH = Script(
    "namaste ji",
    "mera naam amit sharma hai",
    "Amit Sharma",
    "mujhse do baar paise kaat liye",
    "mujhe connection band karwana hai",
    "haan ji",
    "nahi, rehne do",
    "yaad nahi",
    "kisi insaan se baat karni hai",
    "mera naam kya hai",
    "mera account number ACC 9 9 1 hai",
    "सुनाई",
)
CASES = [*SCRIPTS.items(), ("hi", HINGLISH)]


@pytest.mark.parametrize(("language", "script"), CASES)
async def test_a_name_is_kept_and_a_request_filed(scripted: ScriptedEngine, language: str, script: Script) -> None:
    talk = Conversation(scripted, language)
    await talk.say(script.hello)
    assert talk.filed == []
    assert script.name in await talk.say(script.named)
    assert "K7Q2M1" in await talk.say(script.bill)
    scenario, payload = talk.filed[0]
    assert (scenario, payload["name"], payload["query"]) == ("billing_query", script.name, script.bill)
    assert script.name in await talk.say(script.my_name)
    assert len(talk.filed) == 1


@pytest.mark.parametrize(("language", "script"), CASES)
async def test_a_cancellation_is_confirmed(scripted: ScriptedEngine, language: str, script: Script) -> None:
    talk = Conversation(scripted, language)
    await talk.say(script.cancel)
    assert "ACC991" in await talk.say(script.account)
    assert talk.filed == []
    await talk.say(script.yes)
    assert talk.filed[0][0] == "cancellation"
    assert talk.filed[0][1]["account_id"] == "ACC991"


@pytest.mark.parametrize(("language", "script"), CASES)
async def test_a_no_drops_it(scripted: ScriptedEngine, language: str, script: Script) -> None:
    talk = Conversation(scripted, language)
    await talk.say(f"{script.cancel}, {script.account}")
    await talk.say(script.no)
    await talk.say(script.yes)
    assert talk.filed == []


@pytest.mark.parametrize(("language", "script"), CASES)
async def test_who_will_not_say_is_filed_without(scripted: ScriptedEngine, language: str, script: Script) -> None:
    talk = Conversation(scripted, language)
    await talk.say(script.bill)
    assert talk.filed == []
    await talk.say(script.decline)
    assert talk.filed[0][0] == "billing_query"
    assert not talk.filed[0][1].get("name")


@pytest.mark.parametrize(("language", "script"), CASES)
async def test_a_person_and_silence(scripted: ScriptedEngine, language: str, script: Script) -> None:
    talk = Conversation(scripted, language)
    assert script.silence in (await talk.say("")).lower()
    await talk.say(script.person)
    await talk.say(script.named)
    assert talk.filed[0][0] == "human_handover"


async def test_a_language_it_does_not_speak_is_refused(scripted: ScriptedEngine) -> None:
    with pytest.raises(EngineUnavailable):
        await answer(scripted, chat_request(UserMessage("ciao"), language="it"))
