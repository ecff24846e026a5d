"""The lists of an answer that can grow: what is known of them, and a later answer made of it and of what was read.

``graph.reads.growing`` writes the SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

#: Columns of a list in a row of the statement, before the text that follows it.
COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """Elements of a list up to ``last_id``, and where they are in the bytes of an answer.

    ``is_final``: they never change. One that is not is alone in its segment; it has not changed as long as its
    ``version`` is the same, which None never is.
    """

    last_id: UUID
    count: int
    is_final: bool
    version: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list in an answer: its segments in order; all ``count`` elements up to ``last_id`` are in them."""

    last_id: UUID
    count: int
    segments: tuple[Segment, ...]

    def values(self, place: int) -> dict[str, Any]:
        """What is bound to read what is new or changed in the list at ``place`` of a statement."""
        changing = [each for each in self.segments if not each.is_final]
        after, ids, versions = names(place)
        return {
            after: self.last_id,
            ids: [each.last_id for each in changing],
            versions: [each.version for each in changing],
        }


NOTHING = KnownList(UUID(int=0), 0, ())


def names(place: int) -> tuple[str, str, str]:
    """Names of what is bound for the list at ``place``: the last known id, the ids and versions of what may change."""
    return f"after_{place}", f"changing_{place}", f"versions_{place}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment and its bytes, before it has a place in an answer."""

    last_id: UUID
    count: int
    is_final: bool
    version: str | None
    text: bytes


def assemble(
    head: bytes, row: Sequence[Any], tail: bytes, before: bytes, known: Sequence[KnownList]
) -> tuple[bytes, tuple[KnownList, ...]] | None:
    """The whole answer, and the lists in it. ``before``: the answer that ``known`` is in.

    None if what is known is no longer all there is up to there.
    """
    parts = [head, row[0]]
    size = len(head) + len(row[0])
    found = []
    for place, mine in enumerate(known):
        start = 1 + place * (COLUMNS + 1)
        count, *read, text = row[start : start + COLUMNS + 1]
        pieces = None if count != mine.count else _pieces(mine, read, before)
        if pieces is None:
            return None
        parts.append(b"[")
        size += 1
        segments: list[Segment] = []
        for piece in pieces:
            if segments:
                parts.append(b",")
                size += 1
            end = size + len(piece.text)
            segment = Segment(piece.last_id, piece.count, piece.is_final, piece.version, size, end)
            if segments and segment.is_final and segments[-1].is_final:
                segment = replace(segment, start=segments[-1].start, count=segments[-1].count + segment.count)
                segments.pop()
            segments.append(segment)
            parts.append(piece.text)
            size = end
        found.append(KnownList(_last_id(segments), sum(each.count for each in segments), tuple(segments)))
        parts += [b"]", text]
        size += 1 + len(text)
    parts.append(tail)
    return b"".join(parts), tuple(found)


def _last_id(segments: Sequence[Segment]) -> UUID:
    return segments[-1].last_id if segments else NOTHING.last_id


def _pieces(mine: KnownList, read: Sequence[Any], before: bytes) -> list[_Piece] | None:
    """All of a list: what is known of it, with what was ``read`` in its place. None if something known was not read."""
    fresh = {each[0]: each for each in zip(*(column or () for column in read), strict=True)}
    pieces = []
    for each in mine.segments:
        text = before[each.start : each.end]
        if each.is_final:
            pieces.append(_Piece(each.last_id, each.count, True, None, text))
            continue
        now = fresh.pop(each.last_id, None)
        if now is None:
            return None
        pieces.append(_Piece(*now[:-1], text if now[-1] is None else now[-1]))
    return [*pieces, *(_Piece(*each) for each in fresh.values())]
