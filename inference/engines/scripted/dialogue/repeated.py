"""Whether a wish is the same as one that was filed: the same matter is filed once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.state import FiledRequest
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.values import Wish

#: Similarity of two utterances, 0..1.
Similarity = Callable[[str, str], float]

#: From this similarity on, two texts of the same scenario speak of the same matter.
_SAME_MATTER = 0.6
#: From here on they do, even if one says "another".
_SAME_WORDS = 0.95
#: A wish of another intent is a new matter only if it is certain.
_CERTAIN = 0.6


def filed_before(
    wish: Wish, language: str, filed: list[FiledRequest], scenario: str, similar: Similarity
) -> FiledRequest | None:
    """The filed request that the wish repeats; the newest first. None if it is a new matter."""
    candidates = [each for each in reversed(filed) if each.scenario.name == scenario]
    words = cues(language)
    another = bool(words.another.search(fold(wish.text)))
    added = another or bool(words.added.search(fold(wish.text)))
    for each in candidates:
        alike = similar(wish.text, each.query)
        if alike >= (_SAME_WORDS if another else _SAME_MATTER) or (each.intent == wish.intent and not another):
            return each
        if each.intent in wish.near and not added and not wish.requested:
            return each  # the same fault in other words may look like another kind of it
    if candidates and not added and wish.score < _CERTAIN:
        return candidates[0]
    return None


def letters_alike(one: str, other: str) -> float:
    """Cosine similarity of the character trigrams of two texts."""
    left, right = _trigrams(one), _trigrams(other)
    dot = sum(count * right[gram] for gram, count in left.items())
    size = math.sqrt(sum(each * each for each in left.values()) * sum(each * each for each in right.values()))
    return dot / size if size else 0.0


def _trigrams(text: str) -> Counter[str]:
    padded = f" {fold(text)[:1000]} "
    return Counter(padded[at : at + 3] for at in range(len(padded) - 2))
