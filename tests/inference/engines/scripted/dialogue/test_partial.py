"""A known number that is said anew with a few other signs is put right, without a word that says so."""

from __future__ import annotations

import pytest

from inference.engines.scripted.dialogue.partial import merged_number, says_anew
from inference.engines.scripted.mentions import Known
from inference.engines.scripted.values import Mention, Understanding

ACCOUNT = Known("account_id", "51077", "account_id")
PHONE = Known("phone", "415-555-0132", "phone")


@pytest.mark.parametrize(
    ("said", "form", "known"),
    [
        ("51079", "number", ACCOUNT),
        ("4155550123", "phone", PHONE),
        ("7702-B", "account_id", Known("account_id", "7702-P", "account_id")),
    ],
)
def test_a_number_that_is_said_anew(said: str, form: str, known: Known) -> None:
    mention, understood = Mention(form, said, 5, 5 + len(said)), Understanding(f"it's {said}", "en")
    assert says_anew(mention, understood, [known])
    (value,) = merged_number(mention, understood, [known]).values()
    assert value.replace("-", "") == said.replace("-", "")


@pytest.mark.parametrize("said", ["51077", "60", "2026", "99123", "510790", "51"])
def test_another_number(said: str) -> None:
    understood = Understanding(f"I paid {said} for it", "en")
    assert not says_anew(Mention("number", said, 7, 7 + len(said)), understood, [ACCOUNT, PHONE])
