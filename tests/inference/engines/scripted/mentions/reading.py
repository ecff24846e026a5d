"""Reads utterances for the tests, with the agent of the quality measurement, which has a field of every format."""

from __future__ import annotations

from inference.engines.scripted.mentions import find_mentions
from inference.engines.scripted.values import Mention
from tests.quality.mentions import TODAY, agent, expectation


def read(text: str, language: str, *asked: str) -> tuple[Mention, ...]:
    """The mentions of an utterance on 2026-11-26, a Thursday. ``asked``: the fields of the last question."""
    return find_mentions(text, language, agent(), expectation(list(asked)), TODAY)


def values(text: str, language: str, form: str, *asked: str) -> list[str]:
    """The values of one format, in their order, without those that are taken back."""
    return [each.value for each in read(text, language, *asked) if each.format == form and not each.retracted]


def fields(text: str, language: str, *asked: str) -> dict[str, str]:
    """The last value of each field, without those that are taken back."""
    return {each.field: each.value for each in read(text, language, *asked) if each.field and not each.retracted}
