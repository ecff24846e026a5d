"""The language of an utterance, after messages in another."""

from __future__ import annotations

import pytest

from inference.engines.scripted.understanding.language import language_of

_SPOKEN = ("en", "es", "de", "fr", "hi")


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("sí, por favor", "en", "es"),
        ("hola", "en", "es"),
        ("yes", "es", "en"),
        ("ok", "es", "es"),
        ("no", "es", "es"),
        ("no", "en", "en"),
        ("Ann Lee, 20417", "es", "es"),
        ("José María de la Torre Fernández", "en", "en"),
        ("Ludwig van der Velde", "en", "en"),
        ("AC-20417", "de", "de"),
        ("Mein Internet geht nicht", "en", "de"),
        ("mera internet nahi chal raha hai", "en", "hi"),
        ("haan ji", "en", "hi"),
        ("मेरा नेट बंद है", "en", "hi"),
        ("میرا انٹرنیٹ نہیں چل رہا ہے", "en", "hi"),
        ("my router ka light red hai, please check karo", "en", "hi"),
        ("En fait je suis plus à l'aise en français : je n'ai toujours pas reçu ma facture.", "en", "fr"),
        ("And in English again, please: is it on file?", "fr", "en"),
        ("Gracias, that's all", "en", "en"),
        ("ich möchte meinen Contract canceln bitte", "en", "de"),
        ("cancel", "es", "en"),
        ("Oui", "en", "fr"),
        ("Guten Tag", "en", "de"),
    ],
)
def test_each_message_has_its_own_language(text: str, before: str, expected: str) -> None:
    assert language_of(text, before, _SPOKEN) == (expected, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Buongiorno, vorrei disdire il mio contratto, mi chiamo Giuseppe Lo Presti, numero cliente 40218.", "it"),
        ("Sì, grazie, va bene così, lo faccia pure.", "it"),
        ("もしもし、インターネットが繋がらないんですけど", "ja"),
        ("Dzień dobry, nie działa mi internet, nazywam się Anna Kowalska", "pl"),
        ("Здравствуйте, у меня не работает интернет", "ru"),
        ("我的网络不能用", "zh"),
        ("Olá, a minha internet não funciona, pode me ajudar?", "pt"),
        ("Merhaba, internetim çalışmıyor, benim adım Ayşe", "tr"),
        ("Hallo, mijn internet werkt niet, ik wil graag hulp", "nl"),
        ("الإنترنت لا يعمل عندي", "ar"),
    ],
)
def test_a_language_that_nobody_speaks_is_named(text: str, code: str) -> None:
    assert language_of(text, "en", _SPOKEN) == ("en", code)


@pytest.mark.parametrize("before", _SPOKEN)
@pytest.mark.parametrize(
    "name",
    [
        "Marek Szczepanek, S Z C Z E P A N E K",
        "Marek Szczepanek. S-Z-C-Z-E-P-A-N-E-K.",
        "s, z, c, z, e, p, a, n, e, k",
        "J A N S E N",
        "Nguyễn Thị Minh Khai",
        "nguyen thi minh khai",
        "TRAN THI BAO ANH",
        "Tran Thi Bao Anh",
        "Le Thi La",
        "Emine İyi Şen",
        "Işıl Şen Çağ",
        "Kis Jó Mihály",
        "Daan van het Hof",
        "Maria João da Conceição e Silva",
        "Gianluca Della Mia",
        "Ana de los Santos Peña",
        "Abdul Rahman bin Said al Maktoum",
        "Haruto Yamamoto",
        "Amit Das",
        "Sol Les Roches",
    ],
)
def test_a_name_is_of_no_language(name: str, before: str) -> None:
    assert language_of(name, before, _SPOKEN) == (before, None)


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("Marek Szczepanek. That's S Z C Z E P A N E K.", "en", "en"),
        ("C'est Bao Anh Nguyen", "fr", "fr"),
        ("C'est Bao Anh Nguyen", "en", "fr"),
        ("Me llamo Giovanni Lo Presti", "en", "es"),
        ("mera naam Thi Anh hai", "de", "hi"),
        ("Grüß Gott, i mecht in den Tarif Komfort 250 wechseln", "de", "de"),
        ("Guten Tag, Anna Kowalska", "en", "de"),
        ("Buenos Días", "en", "es"),
        ("احمد خان", "hi", "hi"),
    ],
)
def test_the_words_around_a_name_have_a_language(text: str, before: str, expected: str) -> None:
    assert language_of(text, before, _SPOKEN) == (expected, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mi chiamo Giuseppe Lo Presti", "it"),
        ("mi chiamo giuseppe lo presti", "it"),
        ("Nazywam się Marek Szczepanek", "pl"),
        ("Nie działa mi internet", "pl"),
        ("Tôi tên là Nguyễn Thị Minh Khai", "vi"),
        ("Benim adım Ayşe Yılmaz", "tr"),
        ("Mijn naam is Jan de Boer", "nl"),
        ("Chamo-me Maria da Silva", "pt"),
        ("Kovács János vagyok, nem működik az internet", "hu"),
        ("Меня зовут Марек Щепанек", "ru"),
        ("اسمي محمد العلي", "ar"),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_a_name_in_a_sentence_of_a_language_that_nobody_speaks(text: str, code: str, asked: bool) -> None:
    assert language_of(text, "en", _SPOKEN, name_asked=asked) == ("en", code)


def test_a_name_in_letters_of_another_language_is_an_answer_to_the_question_for_it() -> None:
    assert language_of("Олена Шевченко", "en", _SPOKEN, name_asked=True) == ("en", None)
    assert language_of("Олена Шевченко", "en", _SPOKEN) == ("en", "ru")


def test_an_agent_of_one_language_knows_the_others_as_foreign() -> None:
    assert language_of("No quiero cancelar nada, gracias", "en", ("en",)) == ("en", "es")
    assert language_of("मेरा नेट बंद है", "en", ("en", "es")) == ("en", "hi")


@pytest.mark.parametrize("text", ["", "   ", "12345", "😀😀", "\ud800", "a" * 5000])
def test_odd_texts_keep_the_language(text: str) -> None:
    assert language_of(text, "de", _SPOKEN) == ("de", None)
