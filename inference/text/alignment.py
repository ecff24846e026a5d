"""Alignment of a written text with its spoken form: which part of the text each piece of speech says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

#: Characters of scripts without spaces between words: Thai, Japanese, Chinese.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")

#: Tokens of a text that is aligned; the time grows with the square. A sentence of a reply has fewer.
_MAX_TOKENS = 400


def written_parts(written: str, pieces: Sequence[str]) -> list[str]:
    """The part of ``written`` that each of the pieces of its spoken form says; joined they are ``written``.

    Words that are the same in both align them. Where a number or the like is cut in the middle of its spoken words,
    all of it belongs to the piece in which it ends, so the pieces up to any one never say less than their parts.
    """
    found = [(match.start(), match[0].casefold()) for match in _TOKEN.finditer(written)]
    spoken = [[match[0].casefold() for match in _TOKEN.finditer(piece)] for piece in pieces]
    ends = list(accumulate(map(len, spoken)))[:-1]
    if len(found) > _MAX_TOKENS or (ends and ends[-1] > _MAX_TOKENS):
        indices = [end * len(found) // (ends[-1] + len(spoken[-1]) or 1) for end in ends]
    else:
        matcher = SequenceMatcher(None, [word for _, word in found], [word for each in spoken for word in each], False)
        blocks = [(block.a, block.b, block.size) for block in matcher.get_matching_blocks()]
        indices = [_index(blocks, end) for end in ends]
    cuts = [0, *accumulate((_cut(written, [start for start, _ in found], index) for index in indices), max)]
    return [written[begin:end] for begin, end in pairwise([*cuts, len(written)])] if pieces else []


def _index(blocks: list[tuple[int, int, int]], spoken: int) -> int:
    """The number of written tokens that are said with the first ``spoken`` spoken ones."""
    index = 0
    for a, b, size in blocks:
        if b > spoken:
            break
        index = a + min(size, spoken - b)
    return index


def _cut(written: str, starts: list[int], index: int) -> int:
    """The position behind so many tokens: behind the white space, and before an opening quote or a currency sign."""
    if index == len(starts):
        return len(written)
    begin = starts[index]
    before = re.search(r"\S*$", written[:begin])
    return before.start() if before and index and before.start() > starts[index - 1] else begin if index else 0
