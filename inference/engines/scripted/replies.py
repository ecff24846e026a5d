"""Response templates of a language: fills them, and recognizes their questions in earlier replies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from zlib import crc32

from inference.engines.scripted.lexicon import read_table

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

#: Template that asks a question -> kind of answer that is expected next.
EXPECTED_ANSWER = {
    "ask_identity": "identity",
    "ask_contact_detail": "detail",
    "confirm_plan": "confirm",
    "confirm_contact": "confirm",
    "confirm.cancellation": "confirm",
    "confirm.plan_change": "confirm",
    "confirm_account.cancellation": "confirm",
    "unsure": "rephrase",
    "unsure_again": "rephrase",
    "unsure_offer": "handover",
    "not_here_offer": "handover",
    "failed_offer": "handover",
    "correction_offer": "handover",
}
_FIELD = "failed_field."


@dataclass(frozen=True, slots=True)
class Part:
    """One template of a reply and the values of its placeholders."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


class Replies:
    """The templates of one language by key; entries of a TOML table have the key ``table.key``."""

    def __init__(self, language: str) -> None:
        self.templates: dict[str, tuple[str, ...]] = {}
        for key, value in read_table(language, "replies").items():
            if isinstance(value, dict):
                self.templates.update({f"{key}.{inner}": tuple(items) for inner, items in value.items()})
            else:
                self.templates[key] = tuple(value)
        wanted = [
            key for key in self.templates if key in EXPECTED_ANSWER or key.startswith(_FIELD) or key == "no_speech"
        ]
        self._asked = {key: [_pattern_of(text) for text in self.templates[key]] for key in wanted}

    def fill(self, key: str, values: Mapping[str, str], turn: int = 0) -> str:
        """Fills a template; ``turn`` rotates its variants."""
        variants = self.templates[key]
        template = variants[(crc32(key.encode()) + turn) % len(variants)]
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)

    def persona_key(self, table: str, persona: str) -> str:
        """The key of the persona's own template in a table, or of the default."""
        key = f"{table}.{persona}"
        return key if key in self.templates else f"{table}.default"

    def questions_in(self, said: str) -> Iterable[str]:
        """The keys of the templates with a question that an earlier reply contains; none for another engine's reply."""
        return [key for key, patterns in self._asked.items() if any(pattern.search(said) for pattern in patterns)]


def expected_answer(key: str) -> str:
    """The kind of answer to a question: a value of EXPECTED_ANSWER, or ``field:<slot>`` after a refused value."""
    return f"field:{key.removeprefix(_FIELD)}" if key.startswith(_FIELD) else EXPECTED_ANSWER[key]


def _pattern_of(template: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in _PLACEHOLDER.split(template)[::2]]
    return re.compile(".+?".join(pieces), re.DOTALL)


@cache
def replies(language: str) -> Replies:
    """The templates of one of LANGUAGES, cached."""
    return Replies(language)
