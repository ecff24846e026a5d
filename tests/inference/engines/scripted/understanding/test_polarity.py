"""Whether a wish is wanted, denied, settled, only asked about or doubtful, in five languages."""

from __future__ import annotations

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Polarity

#: Language -> polarity, intent and what is said.
_SAID = {
    "en": """
        denied|cancel|I do not want to cancel
        denied|cancel|no, don't cancel
        denied|cancel|please don't cancel my contract
        denied|cancel|I never asked you to cancel anything
        denied|cancel|I'm not cancelling
        denied|cancel|I've decided not to cancel after all
        denied|cancel|I changed my mind about cancelling
        denied|cancel|forget the cancellation
        denied|cancel|I'd rather keep my contract
        denied|cancel|cancelling is not what I want
        denied|human|I don't want to talk to a person
        denied|human|no need to transfer me to an agent
        denied|human|please don't connect me with anybody
        denied|complaint|I don't want to make a complaint
        denied|complaint|I am not complaining
        denied|refund|I'm not asking for a refund
        denied|plan_change|I don't want to change my plan
        denied|billing|the bill isn't important
        wanted|human|I don't want to talk to a machine
        wanted|outage|my internet does not work
        wanted|invoice|I did not get my invoice
        wanted|login|why can't I log in
        wanted|cancel|can you please cancel my contract
        wanted|cancel|could you cancel it, my contract I mean
        wanted|refund|can't you just give me my money back
        wanted|refund|why don't you refund me
        wanted|complaint|nobody came to the appointment
        wanted|device|the router won't turn on
        wanted|payment|my payment didn't go through
        wanted|overcharge|I never ordered that channel and you charged me for it
        wanted|cancel|I don't want your service any more
        wanted|cancel|I no longer need the service
        wanted|refund|I want a refund, not a credit
        wanted|human|I'd like to speak with a person, please
        settled|outage|my internet works again
        settled|outage|my internet is back, thanks
        settled|device|the router problem is fixed
        settled|refund|the refund has arrived
        settled|login|I can log in again, it's sorted
        settled|invoice|I found the invoice after all
        wanted|outage|when will my internet work again
        wanted|outage|my internet is down again
        wanted|outage|I want my internet to work again
        wanted|slow|it's slow again
        asked|cancel|how do I cancel?
        asked|cancel|did you cancel my contract?
        asked|cancel|what happens if I cancel
        asked|cancel|is it possible to cancel early
        asked|cancel|do I have to pay a fee if I cancel?
        asked|cancel|is my contract cancelled now
        asked|cancel|can you tell me how to cancel
        doubtful|cancel|I'm thinking about cancelling
        doubtful|cancel|maybe I should cancel
        doubtful|cancel|I'm not sure if I want to cancel
        doubtful|cancel|if this goes on I might cancel
        doubtful|cancel|fix it, otherwise I'll cancel
        doubtful|plan_change|I'm considering changing my plan
        wanted|cancel|I thought about it and I want to cancel my contract
        wanted|billing|maybe there's an error on my bill
    """,
    "es": """
        denied|cancel|no quiero cancelar nada
        denied|cancel|no quiero darme de baja
        denied|cancel|no me den de baja
        denied|cancel|no cancele mi contrato por favor
        denied|cancel|yo nunca pedí la baja
        denied|cancel|al final no quiero cancelar
        denied|cancel|he cambiado de idea, no cancelen
        denied|human|no quiero hablar con una persona
        denied|human|no hace falta que me pase con un agente
        denied|complaint|no quiero poner una queja
        wanted|human|no quiero hablar con una máquina
        wanted|outage|mi internet no funciona
        wanted|invoice|no he recibido la factura
        wanted|login|por qué no puedo entrar en mi cuenta
        wanted|cancel|puede cancelar mi contrato por favor
        wanted|cancel|ya no quiero el servicio, denme de baja
        wanted|refund|no me han devuelto el dinero
        settled|outage|ya funciona internet
        settled|outage|internet vuelve a funcionar, gracias
        settled|invoice|ya me llegó la factura
        asked|cancel|cómo me doy de baja?
        asked|cancel|¿ya han cancelado mi contrato?
        asked|cancel|qué pasa si cancelo
        asked|cancel|¿hay penalización por darme de baja?
        doubtful|cancel|estoy pensando en darme de baja
        doubtful|cancel|quizás cancele mi contrato
        doubtful|cancel|no sé si cancelar
        doubtful|cancel|si no lo arreglan, me doy de baja
    """,
    "de": """
        denied|cancel|ich will nicht kündigen
        denied|cancel|kündigen will ich nicht
        denied|cancel|kündigen möchte ich meinen Vertrag nicht
        denied|cancel|bitte nicht kündigen
        denied|cancel|kündigen Sie den Vertrag nicht
        denied|cancel|ich habe nie gesagt, dass ich kündigen will
        denied|cancel|ich möchte keine Kündigung
        denied|cancel|ich kündige nicht
        denied|cancel|lieber doch nicht kündigen
        denied|cancel|ich möchte meinen Vertrag behalten
        denied|human|ich will nicht mit einem Menschen sprechen
        denied|human|verbinden Sie mich bitte nicht mit einem Mitarbeiter
        denied|complaint|ich will mich nicht beschweren
        wanted|human|ich will nicht mit einer Maschine reden
        wanted|outage|mein Internet geht nicht
        wanted|invoice|ich habe keine Rechnung bekommen
        wanted|login|warum kann ich mich nicht einloggen
        wanted|cancel|können Sie bitte meinen Vertrag kündigen
        wanted|cancel|ich brauche den Anschluss nicht mehr
        wanted|refund|können Sie mir das Geld nicht einfach zurückgeben
        wanted|complaint|der Techniker ist nicht gekommen
        settled|outage|mein Internet geht wieder
        settled|outage|das Internet funktioniert jetzt wieder, danke
        settled|device|der Router ist repariert
        asked|cancel|wie kann ich kündigen?
        asked|cancel|haben Sie meinen Vertrag gekündigt?
        asked|cancel|was passiert, wenn ich kündige
        asked|cancel|kostet es etwas, wenn ich kündige?
        doubtful|cancel|ich überlege zu kündigen
        doubtful|cancel|vielleicht kündige ich
        doubtful|cancel|ich bin nicht sicher, ob ich kündigen soll
        doubtful|cancel|sonst kündige ich
    """,
    "fr": """
        denied|cancel|je ne veux pas résilier
        denied|cancel|ne résiliez pas mon contrat
        denied|cancel|je veux pas résilier
        denied|cancel|surtout ne résiliez rien
        denied|cancel|je n'ai jamais demandé la résiliation
        denied|cancel|finalement je ne veux plus résilier
        denied|cancel|je préfère garder mon abonnement
        denied|human|je ne veux pas parler à une personne
        denied|human|pas besoin de me passer un conseiller
        denied|complaint|je ne veux pas faire de réclamation
        wanted|human|je ne veux pas parler à une machine
        wanted|outage|mon internet ne marche pas
        wanted|outage|je n'ai plus internet
        wanted|invoice|je n'ai pas reçu ma facture
        wanted|login|pourquoi je ne peux pas me connecter à mon compte
        wanted|cancel|pouvez-vous résilier mon contrat s'il vous plaît
        wanted|cancel|je ne veux plus de votre service
        wanted|refund|vous ne pouvez pas me rembourser tout simplement
        settled|outage|internet remarche, merci
        settled|outage|mon internet fonctionne à nouveau
        settled|device|la box est réparée
        asked|cancel|comment je peux résilier ?
        asked|cancel|vous avez résilié mon contrat ?
        asked|cancel|que se passe-t-il si je résilie
        asked|cancel|est-ce qu'il y a des frais si je résilie ?
        doubtful|cancel|je pense à résilier
        doubtful|cancel|peut-être que je vais résilier
        doubtful|cancel|je ne sais pas si je veux résilier
        doubtful|cancel|sinon je résilie
    """,
    "hi": """
        denied|cancel|मुझे कनेक्शन बंद नहीं करवाना है
        denied|cancel|कनेक्शन बंद मत कीजिए
        denied|cancel|मैं कैंसल नहीं करना चाहता
        denied|cancel|mujhe cancel nahi karna hai
        denied|cancel|connection band mat karo
        denied|cancel|maine cancel karne ko nahi bola
        denied|human|मुझे किसी इंसान से बात नहीं करनी
        denied|human|mujhe agent se baat nahi karni
        denied|complaint|मुझे शिकायत नहीं करनी है
        wanted|human|मशीन से बात नहीं करनी
        wanted|human|mujhe machine se baat nahi karni
        wanted|outage|मेरा इंटरनेट नहीं चल रहा
        wanted|outage|internet nahi chal raha
        wanted|invoice|मुझे बिल नहीं मिला
        wanted|login|लॉगिन क्यों नहीं हो रहा
        wanted|cancel|अब मुझे आपकी सर्विस नहीं चाहिए
        wanted|cancel|क्या आप मेरा कनेक्शन बंद कर सकते हैं
        settled|outage|इंटरनेट ठीक हो गया है
        settled|outage|net phir se chal raha hai
        settled|outage|اب انٹرنیٹ ٹھیک ہو گیا ہے
        asked|cancel|कनेक्शन कैसे बंद करवाऊँ?
        asked|cancel|क्या आपने मेरा कनेक्शन बंद कर दिया?
        asked|cancel|connection kaise band hota hai
        asked|cancel|बंद करवाने पर कितना चार्ज लगेगा?
        doubtful|cancel|मैं कनेक्शन बंद करवाने की सोच रहा हूँ
        doubtful|cancel|शायद मैं कनेक्शन बंद करवा दूँ
        doubtful|cancel|main cancel karne ki soch raha hoon
        denied|cancel|مجھے کنکشن بند نہیں کروانا ہے
        wanted|outage|میرا انٹرنیٹ نہیں چل رہا ہے
    """,
}
_CASES = [
    (language, *map(str, line.strip().split("|")))
    for language, lines in _SAID.items()
    for line in lines.splitlines()
    if line.strip()
]
#: Where an unsure model may say nothing, as long as it does not say that the wish is wanted.
_HARMLESS = {Polarity.DENIED, Polarity.ASKED, Polarity.DOUBTFUL, Polarity.SETTLED}


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case[-1])
def test_polarity_of_the_wish(
    understander: Understander, billing_agent: AgentDefinition, case: tuple[str, str, str, str]
) -> None:
    language, polarity, _, text = case
    wishes = {each.intent: each.polarity for each in understander.understand(text, language, billing_agent).wishes}
    if Polarity(polarity) in _HARMLESS:
        assert Polarity.WANTED not in wishes.values()
    else:
        assert Polarity.WANTED in wishes.values()


@pytest.mark.parametrize("language", sorted(_SAID))
def test_most_polarities_are_told_exactly(
    understander: Understander, billing_agent: AgentDefinition, language: str
) -> None:
    cases = [case for case in _CASES if case[0] == language]
    right = 0
    for _, polarity, intent, text in cases:
        wishes = understander.understand(text, language, billing_agent).wishes
        right += any(wish.polarity == polarity and (wish.intent == intent or polarity == "settled") for wish in wishes)
    assert right / len(cases) >= 0.85


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "I don't want to cancel, I just want my money back", {"cancel": "denied", "refund": "wanted"}),
        ("es", "No quiero cancelar nada, solo que me devuelvan el dinero", {"cancel": "denied", "refund": "wanted"}),
        (
            "fr",
            "Non je ne veux pas résilier, je veux changer de forfait",
            {"cancel": "denied", "plan_change": "wanted"},
        ),
        ("de", "Kündigen will ich nicht, ich möchte mein Geld zurück", {"cancel": "denied", "refund": "wanted"}),
        ("en", "My internet was down this morning, but it works again", {"outage": "settled"}),
        ("en", "Please cancel my contract. Actually no, don't cancel it.", {"cancel": "denied"}),
    ],
)
def test_each_wish_of_a_message_has_its_own_polarity(
    understander: Understander, billing_agent: AgentDefinition, language: str, text: str, expected: dict[str, str]
) -> None:
    understood = understander.understand(text, language, billing_agent)
    wishes = {each.intent: str(each.polarity) for each in understood.wishes}
    assert expected.items() <= wishes.items()
