"""Reactions to a yes/no question in five languages: no model is involved."""

from __future__ import annotations

import pytest

from inference.engines.scripted.understanding.answers import reaction_of
from inference.engines.scripted.understanding.clauses import split_clauses
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.polarity import tone_of

#: Language -> reaction -> what is said, separated by bars.
_SAID = {
    "en": {
        "yes": """
            yes | yeah sure | sounds good | do that please | sure, why not | go for it | okay |
            yes please cancel it | please go ahead | that's right | yep, file it | absolutely | why not |
            I'd like that | please do | alright then | yes, that's correct | uh-huh | be my guest |
            perfect, thanks | right | sí | ja | oui bien sûr | haan
        """,
        "no": """
            no | nope | no thanks | no, I don't want that | don't do it | please don't | never mind | not now |
            no way | leave it | absolutely not | no, that's wrong | rather not | forget it | nein | non merci |
            nahi
        """,
        "mixed": """
            yes but no, wait | maybe | I guess so | I'm not sure | yes, no, I don't know | I suppose
        """,
        "wait": """
            wait | one second | hold on a minute | not yet | let me think | let me think about it |
            I need to check with my wife first | yes, hold on | give me a moment please | hmm wait
        """,
        "question": """
            what does that cost? | how long will it take? | what do you need that for |
            yes, but what does it cost? | is there a fee?
        """,
        "condition": """
            yes, but please not before December 31 | only if there's no fee | yes, at the end of the month |
            okay, if it's free | only at the end of the contract
        """,
        "none": """
            my name is Ann Lee | account 20417 | right now I can't get online | my internet is slow |
            please send me the invoice | no internet since yesterday | fine print on my bill is confusing |
            correct my address
        """,
    },
    "es": {
        "yes": """
            sí | sí, por favor | claro que sí | vale | dale | de acuerdo | adelante | hágalo | me parece bien |
            perfecto | sí, cancélelo | venga | yes | correcto | por supuesto | está bien
        """,
        "no": """
            no | no gracias | mejor no | no lo haga | para nada | déjelo | no, no quiero | ahora no |
            ni hablar
        """,
        "mixed": """
            quizás | no sé | supongo | sí y no | creo que sí
        """,
        "wait": """
            espere | un momento | todavía no | déjeme pensarlo | un segundo por favor |
            tengo que consultarlo con mi mujer
        """,
        "question": """
            ¿cuánto cuesta? | ¿qué pasa con mi número? | sí, pero ¿cuánto cuesta?
        """,
        "condition": """
            sí, pero a final de mes | solo si no hay penalización | sí, pero no antes del 31 de diciembre
        """,
        "none": """
            mi internet no funciona | no funciona nada | me llamo Ana Ruiz | no me llega la factura
        """,
    },
    "de": {
        "yes": """
            ja | ja bitte | gern | mach das | machen Sie das bitte | passt | in Ordnung | klar | einverstanden |
            hört sich gut an | jawohl | genau | okay, machen wir so | yes | ja, kündigen Sie | stimmt so
        """,
        "no": """
            nein | nee | lieber nicht | bitte nicht | auf keinen Fall | nein danke | das will ich nicht |
            lassen Sie das | doch nicht
        """,
        "mixed": """
            vielleicht | weiß nicht | jein | ich glaube schon | bin nicht sicher
        """,
        "wait": """
            Moment | warten Sie | noch nicht | Sekunde bitte | ich muss noch überlegen |
            lassen Sie mich kurz nachdenken | da muss ich meinen Mann fragen
        """,
        "question": """
            was kostet das? | wie lange dauert das | ja, aber was kostet das?
        """,
        "condition": """
            ja, aber erst zum Monatsende | nur wenn es nichts kostet | ja, aber nicht vor dem 31. Dezember
        """,
        "none": """
            mein Internet geht nicht | ich heiße Peter Braun | keine Rechnung bekommen
        """,
    },
    "fr": {
        "yes": """
            oui | oui s'il vous plaît | bien sûr | d'accord | allez-y | ça marche | ça me va | vas-y |
            tout à fait | parfait | c'est bon | oui, résiliez | volontiers | pourquoi pas | faites donc |
            entendu | yes
        """,
        "no": """
            non | non merci | surtout pas | pas maintenant | laissez tomber | je ne veux pas |
            certainement pas | ne faites rien | non, pas ça
        """,
        "mixed": """
            peut-être | je ne sais pas | oui et non | je pense que oui | je suppose
        """,
        "wait": """
            attendez | une seconde | pas encore | un instant s'il vous plaît | laissez-moi réfléchir |
            je dois en parler à ma femme
        """,
        "question": """
            combien ça coûte ? | oui mais combien ça coûte ? | ça prend combien de temps ?
        """,
        "condition": """
            oui, mais à la fin du mois | seulement s'il n'y a pas de frais |
            oui, mais pas avant le 31 décembre
        """,
        "none": """
            mon internet ne marche pas | je m'appelle Jean Petit | je n'ai pas reçu ma facture
        """,
    },
    "hi": {
        "yes": """
            हाँ | जी हाँ | ठीक है | कर दीजिए | बिल्कुल | हाँ जी कर दो | haan | haan ji | kar do | theek hai |
            ji bilkul | हाँ, बंद कर दीजिए | चलेगा | yes | ہاں | جی ہاں | ٹھیک ہے
        """,
        "no": """
            नहीं | जी नहीं | मत कीजिए | रहने दो | nahi | nahi chahiye | mat karo | rehne do | अभी नहीं |
            bilkul nahi | نہیں
        """,
        "mixed": """
            शायद | पता नहीं | shayad | pata nahi | सोच रहा हूँ
        """,
        "wait": """
            रुकिए | एक मिनट | ek minute | zara rukiye | सोचने दीजिए | مجھے سوچنے دیں
        """,
        "question": """
            कितना खर्च आएगा? | इसमें कितना पैसा लगेगा | kitna charge lagega?
        """,
        "condition": """
            हाँ, लेकिन महीने के अंत में | सिर्फ़ अगर कोई चार्ज न हो | haan, lekin mahine ke end mein
        """,
        "none": """
            मेरा नाम राम है | मेरा इंटरनेट नहीं चल रहा | mera net slow hai
        """,
    },
}
_CASES = [
    (language, reaction, " ".join(text.split()))
    for language, groups in _SAID.items()
    for reaction, texts in groups.items()
    for text in texts.split("|")
    if text.strip()
]


@pytest.mark.parametrize(("language", "reaction", "text"), _CASES)
def test_reaction(language: str, reaction: str, text: str) -> None:
    own = cues(language)
    clauses = split_clauses(text, own)
    assert reaction_of(clauses, [tone_of(each, own) for each in clauses], own) == reaction
