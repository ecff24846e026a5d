"""A definition may replace the dialogue engine's texts by their keys, which are all known to the check."""

from __future__ import annotations

from db.agents.reply_keys import REPLY_GROUPS, REPLY_KEYS
from db.languages import LANGUAGES
from inference.engines.scripted.wording.defaults import default_replies


def test_the_check_knows_the_texts_of_the_engine() -> None:
    for language in ("en", "de", "es", "fr", "hi"):
        assert language in LANGUAGES
        keys = default_replies(language)
        assert {each for each in keys if "." not in each} == REPLY_KEYS
        assert {each.partition(".")[0] for each in keys if "." in each} == REPLY_GROUPS
