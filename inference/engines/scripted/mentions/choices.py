"""Values of enum fields, by what customers say for them."""

from __future__ import annotations

import re
from functools import lru_cache

from inference.engines.scripted.mentions.fields import Fields, Slot
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance, fold
from inference.engines.scripted.values import Expectation, Mention


def find_choices(said: Utterance, languages: tuple[str, ...], fields: Fields, expected: Expectation) -> list[Mention]:
    """The values of enum fields, the longest wordings first. Of fields that share a wording the asked one has it."""
    wordings: dict[str, list[tuple[Slot, str]]] = {}
    for slot in sorted(fields.of_format("enum"), key=lambda each: each.name not in expected.fields):
        for value, texts in _wordings(slot, languages):
            wordings.setdefault(texts, []).append((slot, value))
    found: list[Mention] = []
    for wording in sorted(wordings, key=len, reverse=True):
        for match in _pattern(wording).finditer(said.folded):
            if not said.is_free(match.start(), match.end()):
                continue
            slots = wordings[wording]
            named = fields.assign("enum", said.folded, match.start(), match.end(), expected)
            slot, value = next((each for each in slots if each[0].name == named), slots[0])
            sure = len(slots) == 1 or slot.name in expected.fields or slot.name == named
            said.claim(match.start(), match.end())
            found.append(Mention("enum", value, *said.span(match.start(), match.end()), slot.name if sure else None))
    return found


def _wordings(slot: Slot, languages: tuple[str, ...]) -> list[tuple[str, str]]:
    """Value and folded wording: the value itself, and the definitions' words for it."""
    pairs: list[tuple[str, str]] = []
    for field in slot.definitions:
        listed = field.json_schema.get("enum")
        for value in listed if isinstance(listed, list) else ():
            if not isinstance(value, str | int) or isinstance(value, bool):
                continue
            texts = field.values.get(str(value), {})
            said = [text for each in languages for text in texts.get(each, [])]
            pairs += [(str(value), fold(each)) for each in (str(value), str(value).replace("_", " "), *said)]
    return list(dict.fromkeys(pairs))


@lru_cache(maxsize=2048)
def _pattern(wording: str) -> re.Pattern[str]:
    body = r"\s+".join(re.escape(word) for word in wording.split())
    return re.compile(f"{LEFT}{body}{RIGHT}")
