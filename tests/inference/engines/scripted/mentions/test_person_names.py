"""Names of persons: whole, in all languages, and nobody is named by other words."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import values


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "my name is bob o'neill", "Bob O'Neill"),
        ("en", "This is Bob calling about my bill.", "Bob"),
        ("en", "My name's Dr. Ana María O'Neill-Pérez Jr.", "Dr. Ana María O'Neill-Pérez Jr"),
        ("en", "Good morning, this is Mrs. van den Berg", "Mrs. van den Berg"),
        ("en", "J. R. Whitfield here, good morning", "J. R. Whitfield"),
        ("en", "Cancel my contract please, account AC-20417, Ann Lee.", "Ann Lee"),
        ("en", "Mehmet Yıldırım-Schulz, account TK-5508-1, please cancel", "Mehmet Yıldırım-Schulz"),
        ("en", "The account's in the name of Priya Venkatesan", "Priya Venkatesan"),
        ("es", "Me llamo José María de la Torre Fernández, cuenta 20417", "José María de la Torre Fernández"),
        ("es", "soy la señora García", "señora García"),
        ("es", "Soy Pedro", "Pedro"),
        ("de", "Hier ist Frau Dr. Müller, Kundennummer KD-88213", "Frau Dr. Müller"),
        ("de", "Kd-Nr 9930-2, Ottilie von und zu Hohenfels", "Ottilie von und zu Hohenfels"),
        ("de", "Müller am Apparat", "Müller"),
        ("de", "mein name ist ali öztürk", "Ali Öztürk"),
        ("fr", "Je m'appelle Jean-François d'Aubigny, numéro de client 9247", "Jean-François d'Aubigny"),
        ("fr", "Ici le docteur Jean Petit", "docteur Jean Petit"),
        ("fr", "Gwenaëlle Le Goff à l'appareil", "Gwenaëlle Le Goff"),
        ("hi", "मेरा नाम राजेश कुमार गुप्ता है", "राजेश कुमार गुप्ता"),
        ("hi", "शिकायत करनी है, खाता 70-2219, शबाना आज़मी", "शबाना आज़मी"),
        ("hi", "main ramesh bol raha hoon, net nahi chal raha", "Ramesh"),
        ("hi", "میرا نام احمد خان ہے", "احمد خان"),
        ("en", "Hello, mera naam Arjun Mehta hai", "Arjun Mehta"),
    ],
)
def test_name(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name") == [name]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Ann Lee", "Ann Lee"),
        ("en", "Dr. John Smith", "Dr. John Smith"),
        ("en", "oh right, yes. Siobhán Ní Dhomhnaill", "Siobhán Ní Dhomhnaill"),
        ("en", "Nguyễn Thị Minh Khai", "Nguyễn Thị Minh Khai"),
        ("en", "yes, sure, it's Abdul-Rahman bin Said al-Maktoum", "Abdul-Rahman bin Said al-Maktoum"),
        ("en", "ann lee", "Ann Lee"),
        ("es", "Sra. Dolores Ibáñez", "Sra. Dolores Ibáñez"),
        ("de", "Krüger", "Krüger"),
        ("fr", "Mme Ngọc-Lan Nguyễn-Delacroix", "Mme Ngọc-Lan Nguyễn-Delacroix"),
        ("fr", "Le Goff", "Le Goff"),
        ("hi", "हाँ, डॉ. वेंकट सुब्रमण्यम अय्यर", "डॉ. वेंकट सुब्रमण्यम अय्यर"),
        ("hi", "ramesh sharma", "Ramesh Sharma"),
    ],
)
def test_bare_name_answers_the_question_for_it(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name", "account_id", "name") == [name]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'm a nurse and it's Friday already"),
        ("en", "I'm Swedish and I'm furious"),
        ("en", "It's Monday"),
        ("en", "One second"),
        ("en", "hola"),
        ("en", "Why do you need that?"),
        ("en", "not sure where I put it"),
        ("en", "sorry fat fingers, account is 60-3371"),
        ("en", "London"),
        ("en", "my wife's name is Susan"),
        ("en", "My husband, Peter Parker, has it"),
        ("en", "I'm Ann Lee's husband"),
        ("en", "my name is spelled wrong on the bill"),
        ("en", "It's an iPhone 15 Pro"),
        ("es", "Soy enfermera y hoy es martes"),
        ("es", "Soy de Madrid"),
        ("es", "Un momento, por favor"),
        ("es", "Mi marido se llama Juan"),
        ("de", "Ich bin Krankenschwester"),
        ("de", "Ich bin Rentner und sauer"),
        ("de", "Sekunde"),
        ("de", "Bestellnummer 99881"),
        ("de", "Genau so, bitte, zum Ende des Monats."),
        ("de", "Meine Frau heißt Petra"),
        ("de", "Jawoll."),
        ("fr", "Je suis infirmière, c'est urgent"),
        ("fr", "Une seconde, s'il vous plaît."),
        ("fr", "aucune idée"),
        ("hi", "मैं शिक्षक हूँ और बहुत परेशान हूँ"),
        ("hi", "एक मिनट रुकिए"),
        ("hi", "namaste ji"),
        ("hi", "मेरी पत्नी का नाम सीता है"),
        ("en", "That's me sorted then. Cheers."),
        ("en", "that's me finished"),
        ("en", "it's been rewired then?"),
        ("de", "das ist jetzt umverdrahtet oder?"),
        ("de", "Das war's von mir."),
        ("es", "eso es todo de mi parte"),
        ("es", "Es recableado ya"),
        ("fr", "C'est réparé du coup ?"),
        ("fr", "c'est rebranché du coup"),
        ("fr", "c'est me semble réglé"),
        ("hi", "bas itna hi"),
    ],
)
def test_nobody_is_named_by_other_words(language: str, text: str) -> None:
    assert values(text, language, "person_name", "account_id", "name") == []
    assert values(text, language, "person_name") == []


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        (
            "fr",
            "Bonjour, Baudouin van der Straeten, de Namur. Je n'arrive plus à me connecter.",
            "Baudouin van der Straeten",
        ),
        ("en", "Hello, Baudouin Clarke, from Leeds. I cannot log in.", "Baudouin Clarke"),
        ("es", "Hola, Eusebio Barrenechea, de Bilbao. No puedo entrar.", "Eusebio Barrenechea"),
        ("de", "Guten Tag, Franz Wiesner aus Graz. Ich komme nicht mehr rein.", "Franz Wiesner"),
        ("de", "Störung Fernsehen aus Graz", ""),
        ("en", "Hello, Virgin Media, from Leeds.", ""),
        ("de", "hofer franz aus steyr kundennummer drei drei null acht zwei", "Hofer Franz"),
        ("de", "kundennummer vier vier sieben eins zwei gerlinde aschauer", "Gerlinde Aschauer"),
        ("en", "account number four four seven one two george thornbury", "George Thornbury"),
        ("es", "número de cuenta cuatro cuatro siete uno dos begoña azcona", "Begoña Azcona"),
        ("fr", "numéro de client quatre quatre sept un deux amandine aubrac", "Amandine Aubrac"),
        ("hi", "khata number chaar chaar saat ek do ramesh aiyar", "Ramesh Aiyar"),
        ("es", "está a nombre de mi marido raúl domínguez", "Raúl Domínguez"),
        ("es", "está a nombre de mi marido", ""),
        ("en", "it's in the name of my husband Ralph Denning", "Ralph Denning"),
        ("de", "auf den namen meines mannes rudolf dengler", "Rudolf Dengler"),
        ("fr", "c'est au nom de mon mari raoul domergue", "Raoul Domergue"),
        ("fr", "c'est au nom de mon mari", ""),
    ],
)
def test_name_with_a_town_a_number_or_of_the_holder(language: str, text: str, names: str) -> None:
    assert values(text, language, "person_name") == ([names] if names else [])


def test_an_address_names_nobody() -> None:
    assert values("12 Rose Lane, Springfield", "en", "person_name", "name", "new_address") == []


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Rhys Leigh. no, spelled L-E-E, 029 2018 0155", "Rhys Lee"),
        ("en", "B as in Bravo, O, B", "Bob"),
        ("en", "Shaughnessy, that's S H A U G H N E S S Y", "Shaughnessy"),
        ("en", "Lima Echo Echo", "Lee"),
        ("es", "Ruiz, R U I S", "Ruis"),
        ("de", "Mein Name ist Krüger, K R Ü G E R", "Krüger"),
        ("de", "Claudia Meier mit Ypsilon", "Claudia Meyer"),
        ("de", "Emil, Martha, Martha, Anton", "Emma"),
        ("fr", "Lefèvre, L E F E V R E", "Lefèvre"),
        ("hi", "Sharma, S H A R M A", "Sharma"),
    ],
)
def test_spelled_name(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name", "name") == [name]


@pytest.mark.parametrize("language", ["en", "es", "de", "fr", "hi"])
@pytest.mark.parametrize(
    "name",
    [
        "Marek Szczepanek",
        "Nguyễn Thị Minh Khai",
        "Tran Thi Bao Anh",
        "Can Yılmaz",
        "Emine İyi Şen",
        "Hans van den Berg",
        "Daan van het Hof",
        "Kovács János",
        "Haruto Yamamoto",
        "Sang Min Tak",
        "Giovanni Lo Presti",
        "Gianluca Della Mia",
        "Fatima Al Zahra",
        "Maria João da Conceição e Silva",
    ],
)
def test_a_name_of_anywhere_answers_the_question_for_it(language: str, name: str) -> None:
    lead = {"en": "My name is ", "es": "Me llamo ", "de": "Mein Name ist ", "fr": "Je m'appelle ", "hi": "mera naam "}
    assert values(name, language, "person_name", "account_id", "name") == [name]
    assert values(lead[language] + name, language, "person_name") == [name]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Can You Call Me"),
        ("en", "Can Do"),
        ("en", "Do Not Call Me"),
        ("de", "An Frau"),
        ("de", "Das Internet"),
        ("es", "Lo Siento"),
        ("es", "Su Nombre"),
        ("fr", "Tu Parles"),
        ("fr", "Le Compte"),
        ("hi", "Han Ji"),
        ("hi", "Do Din Se"),
    ],
)
def test_words_with_capitals_that_are_no_name(language: str, text: str) -> None:
    assert values(text, language, "person_name", "account_id", "name") == []


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("es", "Soy Pedro Gómez al Habla", "Pedro Gómez"),
        ("hi", "Han Amit Sharma", "Amit Sharma"),
        ("hi", "Mera Naam Amit Sharma Hai", "Amit Sharma"),
        ("en", "Ann Lee Thanks", "Ann Lee"),
    ],
)
def test_words_beside_a_name_are_no_part_of_it(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name", "account_id", "name") == [name]
