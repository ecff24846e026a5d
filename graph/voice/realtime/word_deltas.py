"""The next words of a transcript that clients append to, from partial transcripts whose earlier words may change."""

from __future__ import annotations

from collections.abc import Sequence

_PUNCTUATION = ".,;:!?…。，、！？"

#: The last words by which two transcripts are aligned, and how many words their positions may differ by.
_TAIL = 8
_SHIFT = 3


def fresh_words(told: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """The words that follow the ones that were told.

    The last words told are aligned with the new transcript by edit distance (Levenshtein): a word that was corrected,
    split or joined before the end must not keep back what follows it. Only ``completed`` corrects it at the client.
    """
    tail = [plain_word(each) for each in told[-_TAIL:]]
    first = max(0, len(told) - len(tail) - _SHIFT)
    heard = [plain_word(each) for each in words[first : len(told) + _SHIFT]]
    row = [0] * (len(heard) + 1)  # the alignment may begin at any of these words
    for i, word in enumerate(tail, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    end = min(range(len(row)), key=lambda j: (row[j], abs(first + j - len(told))))
    return words[first + end :]


def plain_word(word: str) -> str:
    return word.strip(_PUNCTUATION).casefold()


def without_end(word: str) -> str:
    """A partial transcript ends as if it were a sentence."""
    return word.rstrip(_PUNCTUATION) or word
