"""How many words a transcript got wrong: the numerator of the word error rate."""

from __future__ import annotations

import re
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"[\w']+", text.lower().replace("-", " "))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to insert, delete or replace to get from one to the other (Levenshtein distance)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
