"""Text normalization: written text and its spoken form, in each locale."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.text.normalization.normalizer import LOCALES, spoken_form

_ENGLISH = {
    "You owe $12.50.": "You owe twelve dollars and fifty cents.",
    "12,50 € or £3": "twelve euros and fifty cents or three pounds",
    "$0.99, $1, -$5": "ninety-nine cents, one dollar, minus five dollars",
    "$1.5 million and $1,234.56": (
        "one point five million dollars and one thousand two hundred and thirty-four dollars and fifty-six cents"
    ),
    "£1.01": "one pound and one penny",
    "It is 20% or 3.5 %.": "It is twenty percent or three point five percent.",
    "by 2026-11-22": "by November twenty-second, twenty twenty-six",
    "on 22/11/2026": "on November twenty-second, twenty twenty-six",
    "on 03/04/2026": "on March fourth, twenty twenty-six",
    "Nov 22, Nov. 22, 2026, 22 Nov 2026": (
        "November twenty-second, November twenty-second, twenty twenty-six, November twenty-second, twenty twenty-six"
    ),
    "the 3rd of May": "the third of May",
    "2026-13-45": "two zero two six, one three, four five",
    "at 3:45 pm": "at three forty-five P.M.",
    "It closes at 3 p.m.": "It closes at three P.M.",
    "at 14:30, 9:00 or 9:05 a.m.": "at fourteen thirty, nine o'clock or nine oh five A.M.",
    "+1 (555) 123-4567": "plus one, five five five, one two three, four five six seven",
    "Call 555-0123 or 5551234567": (
        "Call five five five, zero one two three or five five five, one two three, four five six seven"
    ),
    "Account ACC-12345.": "Account A.C.C., one two three four five.",
    "reference AB-7F3K9Q": "reference A.B., seven F. three K. nine Q.",
    "my account number is 88213, PIN 0042": "my account number is eight eight two one three, PIN zero zero four two",
    "Write to jane.doe42@example.com.": "Write to jane dot doe four two at example dot com.",
    "See https://www.voxloom.com/help?x=1.": "See voxloom dot com slash help.",
    "Mr. Smith, e.g. No. 7, etc.": "Mister Smith, for example number seven, et cetera.",
    "20 GB at 100Mbps on 5G": "twenty gigabytes at one hundred megabits per second on five G",
    "1 GB": "one gigabyte",
    "since 1999, in 2026": "since nineteen ninety-nine, in twenty twenty-six",
    "2026 items": "two thousand and twenty-six items",
    "1st, 22nd, 3-5 days": "first, twenty-second, three to five days",
    "You may 5 times.": "You may five times.",
    "version 1.2.3": "version one dot two dot three",
    "1,000,000": "one million",
    "**Bold** _it_ `code` 😀 [link](http://x.com)": "Bold it code link",
    "# Title\n- one\n- two": "Title one two",
    "24/7 support & more": "twenty-four seven support and more",
    "3.14": "three point one four",
    "The answer is no. 5 days are left.": "The answer is no. five days are left.",
    "Exit 2 A is closed.": "Exit two A is closed.",
    "Call 200 customers.": "Call two hundred customers.",
    "I sat down and the sun came out.": "I sat down and the sun came out.",
    "You may mar it, or march on.": "You may mar it, or march on.",
    "٣٤": "thirty-four",
    "": "",
}
_OTHERS = [
    (
        "de",
        "12,50 € am 22.11.2026 um 14:30 Uhr",
        "zwölf Euro fünfzig am zweiundzwanzigsten November zweitausendsechsundzwanzig um vierzehn Uhr dreißig",
    ),
    ("de", "1 € und 3,5 %", "ein Euro und drei Komma fünf Prozent"),
    ("de", "Nr. 7, z. B. 1.234", "Nummer sieben, zum Beispiel eintausendzweihundertvierunddreißig"),
    (
        "es",
        "21,50 € el 22/11/2026",
        "veintiún euros con cincuenta céntimos el veintidós de noviembre de dos mil veintiséis",
    ),
    ("es", "£1 a las 14:30", "una libra a las catorce y treinta"),
    (
        "fr",
        "12,50 € le 1er mai 2026 à 14h30",
        "douze euros cinquante le premier mai deux mille vingt-six à quatorze heures trente",
    ),
    ("fr", "21 Go, £21", "vingt et un gigaoctets, vingt et une livres"),
    ("en", "Thank you, Иван Петров.", "Thank you, a word in another script."),
    ("en", "Thank you, 王小明!", "Thank you, a word in another script!"),
    ("en", "José Núñez and Łukasz Żak", "José Núñez and Łukasz Żak"),
    ("en", "Resistance of 5 Ω, angle α", "Resistance of five omega, angle alpha"),
    ("de", "Guten Tag, प्रिया शर्मा, wie geht es?", "Guten Tag, ein Wort in anderer Schrift, wie geht es?"),
    ("es", "Gracias, Γιώργος.", "Gracias, una palabra en otra escritura."),
    ("fr", "Merci, 田中さん.", "Merci, un mot dans une autre écriture."),
    ("de", "So, Fr. Weber ist da.", "So, Frau Weber ist da."),
    ("es", "Tiene vitamina D.", "Tiene vitamina D."),
    ("hi", "आपका बिल ₹500 है।", "आपका बिल पाँच सौ रुपये है।"),
    ("hi", "₹1,234.50 22/11/2026 तक", "एक हज़ार दो सौ चौंतीस रुपये पचास पैसे बाईस नवंबर दो हज़ार छब्बीस तक"),
    ("hi", "रु. 1,50,000 और ₹2.5 लाख", "एक लाख पचास हज़ार रुपये और ढाई लाख रुपये"),
    ("hi", "सुबह 9-11 बजे या 1:30 बजे", "सुबह नौ से ग्यारह बजे या डेढ़ बजे"),
    ("hi", "14:45, 5:15 बजे", "चौदह बजकर पैंतालीस मिनट, सवा पाँच बजे"),
    ("hi", "संदर्भ K472R819 है।", "संदर्भ K चार सात दो R आठ एक नौ है।"),
    ("hi", "खाता संख्या 88213, OTP 4521", "खाता संख्या आठ आठ दो एक तीन, O T P चार पाँच दो एक"),
    ("hi", "२० प्रतिशत, 3.5%", "बीस प्रतिशत, तीन दशमलव पाँच प्रतिशत"),
    ("hi", "+91 98765 43210", "प्लस नौ एक, नौ आठ सात छह पाँच, चार तीन दो एक शून्य"),
    (
        "hi",
        "डॉ. शर्मा, सन् 1999, 12,34,56,789",
        ("डॉक्टर शर्मा, सन् उन्नीस सौ निन्यानवे, बारह करोड़ चौंतीस लाख छप्पन हज़ार सात सौ नवासी"),
    ),
    ("hi", "धन्यवाद, Иван।", "धन्यवाद, दूसरी लिपि का एक शब्द।"),
    ("ja", "**3** 個", "3 個"),
    ("fr", "1 234,50 €", "mille deux cent trente-quatre euros cinquante"),
    ("fr", "+33 6 12 34 56 78", "plus trois trois, six, un deux, trois quatre, cinq six, sept huit"),
    ("fr", "la TVA, commande 4021", "la T V A, commande quatre zéro deux un"),
    ("de", "+49 30 1234567", "plus vier neun, drei null, eins zwei drei, vier fünf sechs sieben"),
    ("de", "den 24.12., Auftrag 4021", "den vierundzwanzigsten Dezember, Auftrag vier null zwei eins"),
    ("es", "el +34 612 345 678", "el más tres cuatro, seis uno dos, tres cuatro cinco, seis siete ocho"),
]


@pytest.mark.parametrize(("written", "said"), _ENGLISH.items())
def test_english(written: str, said: str) -> None:
    assert spoken_form(written, "en") == said


@pytest.mark.parametrize(("language", "written", "said"), _OTHERS)
def test_other_languages(language: str, written: str, said: str) -> None:
    assert spoken_form(written, language) == said


_PIECES = st.sampled_from(
    [
        "$",
        "€",
        "1",
        "22",
        "3.5",
        "1,000",
        "-",
        "/",
        ":",
        " ",
        ".",
        ",",
        "Nov",
        "May",
        "pm",
        "@",
        "a",
        "AB",
        "%",
        "#",
        "+",
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=60).map("".join)), st.sampled_from(sorted(LOCALES)))
def test_no_digit_is_left_and_nothing_fails(text: str, language: str) -> None:
    said = spoken_form(text, language)
    assert not re.search(r"\d", said)
    assert said == " ".join(said.split())


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize(
    "unit",
    [
        "9",
        "A1",
        "a",
        "1,",
        "1.1.",
        "a@",
        "[a](",
        "<a ",
        "-",
        "$1 ",
        "1-",
        "12:",
        "A-",
        "x ",
        "jan 1 ",
        "a.",
        "é\u0301",
        "*",
        "12 Main ",
        "Mon-",
        "Mon, ",
        "St. ",
        "1/2 ",
        "$1-",
        "1.1.1.1 ",
        "5th ",
        "1x",
        "call 911 or ",
        "TX 78701 ",
        "A/",
        "is A",
    ],
)
@pytest.mark.timeout(10)
def test_long_runs_of_anything_come_back(unit: str, language: str) -> None:
    """A pattern that backtracks would not be back within the hour."""
    assert not re.search(r"\d", spoken_form(unit * (10_000 // len(unit)), language))
