"""A partial correction is put into the value that it corrects."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import merge_correction
from inference.engines.scripted.values import Mention


@pytest.mark.parametrize(
    ("old", "new", "form", "merged"),
    [
        ("12 Rose Lane", "14", "postal_address", "14 Rose Lane"),
        ("Lindenstraße 12, 50674 Köln", "14", "postal_address", "Lindenstraße 14, 50674 Köln"),
        ("415-555-0132", "0133", "phone", "415-555-0133"),
        ("AC-20417", "71", "account_id", "AC-20471"),
        ("AC-20417", "20471", "account_id", "AC-20471"),
        ("Rose Lane", "14", "postal_address", None),
        ("Ann Lee", "14", "person_name", None),
    ],
)
def test_number(old: str, new: str, form: str, merged: str | None) -> None:
    assert merge_correction(old, Mention("number", new, 0, len(new)), form) == merged


def test_value_of_the_same_format_replaces_the_whole() -> None:
    assert merge_correction("12 Rose Lane", Mention("postal_address", "3 Elm Road", 0, 10), "postal_address") == (
        "3 Elm Road"
    )
