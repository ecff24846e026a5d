"""Sentence splitter for streamed text: cuts a reply into sentences while the language model still writes it."""

from __future__ import annotations

import re

from inference.turn import opening

#: Characters. A longer sentence is cut after a comma or a space.
LONGEST = 300

#: Full stops of other scripts end a sentence at once; Latin ones need a space after them.
_FULL_STOPS = "。！？｡।॥۔؟"
_END = re.compile(rf"[.!?…]+['\"”’»)\]*_]*(?=\s)|[{_FULL_STOPS}]+['\"”’»」』）)\]*_]*|\n+")
_SENTENCE_MARK = re.compile(rf"[.!?…{_FULL_STOPS}]['\"”’»」』）)\]*_]*\s*$")
#: Abbreviations, in lower case, after whose full stop a sentence goes on.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "mr mrs ms dr prof st sr jr vs e.g i.e approx acct appt ext ref dept tel fig nos "
        "डॉ नं रु रू सं "
        "z.b d.h u.a bzw ca nr str hr fr inkl zzgl sra srta ud uds p.ej núm mme mlle m p.ex "
        "jan feb mar apr jun jul aug sep sept oct nov dec",
    )
)
#: Abbreviations that may end a sentence: it ends unless a lower-case letter or a digit follows. Likewise p.m. and U.S.
_MAY_END = frozenset({"etc", "no", "usw"})
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
#: A number with a full stop before one of these is a German date.
_MONTHS = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]*$")
_NEXT_WORD = re.compile(r"\s+(\S+)(\s)?")
#: At the end of the text so far these are undecided: another mark or a closing quote may follow.
_OPEN_END = re.compile(rf"[{_FULL_STOPS}'\"”’»」』）)\]*_]$")


class SentenceSplitter:
    """Takes the deltas of a reply, returns each sentence as soon as it is complete.

    The sentences joined are the text, but for white space at their edges; none is empty or longer than ``LONGEST``.

    ``opening_in``: of a live reply, its language (ISO 639-1): the first sentence, if it is long, is cut behind its
    opening (``inference.turn.opening``), which is returned before the sentence is complete.
    """

    def __init__(self, *, opening_in: str | None = None) -> None:
        self._rest = ""
        self._opening_in = opening_in

    def feed(self, delta: str) -> list[str]:
        """Adds text; returns the sentences that it completed."""
        self._rest += delta
        return self._take(final=False)

    def flush(self) -> list[str]:
        """Ends the text; returns the remaining sentences."""
        sentences = self._take(final=True)
        last, self._rest = self._rest.strip(), ""
        return [*sentences, last] if last else sentences

    def _take(self, *, final: bool) -> list[str]:
        sentences: list[str] = []
        while True:
            self._rest = self._rest.lstrip()
            end = _end_of_first(self._rest, final=final)
            if self._opening_in is not None and self._rest:
                if end is None and not final and len(self._rest) < opening.ENOUGH:
                    return sentences
                end = self._end_of_opening(end, self._opening_in)
                self._opening_in = None
            if end is None:
                if len(self._rest) <= LONGEST:
                    return sentences
                end = _cut(self._rest)
            sentence, self._rest = self._rest[:end].strip(), self._rest[end:]
            if sentence:
                sentences.append(sentence)

    def _end_of_opening(self, end: int | None, language: str) -> int | None:
        """The index where the opening ends; ``end``, of the sentence, if it is not cut."""
        first = self._rest if end is None else self._rest[:end]
        cut = opening.opening_end(first, language)
        return end if cut is None else cut


def ends_sentence(text: str) -> bool:
    """Whether the text ends with the mark of a sentence."""
    return _SENTENCE_MARK.search(text) is not None


def _end_of_first(text: str, *, final: bool) -> int | None:
    """The index where the first sentence ends; None if it has not ended yet."""
    for match in _END.finditer(text, 0, LONGEST + 1):
        if match.end() > LONGEST:
            return None
        if match.end() == len(text) and not final and _OPEN_END.search(match[0]):
            return None
        ends = _ends(match[0], text[: match.start()], text[match.end() :], final=final)
        if ends is None:
            return None
        if ends:
            return match.end()
    return None


def _ends(mark: str, before: str, behind: str, *, final: bool) -> bool | None:
    """Whether ``mark`` between ``before`` and ``behind`` ends a sentence; None if that depends on text to come."""
    following = _NEXT_WORD.match(behind)
    if mark.startswith(("..", "…")):
        return not following[1][0].islower() if following else None
    if mark[0] != ".":
        return True
    found = _LAST_WORD.search(before)
    last = found[0].lower() if found else ""
    if last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i"):
        return False if following else None
    if last in _MAY_END or _DOTTED.fullmatch(last):
        return not (following[1][0].islower() or following[1][0].isdigit()) if following else None
    if last.isdigit() and len(last) <= 2:
        if before.strip() == last:  # the number of an item in a list
            return False if following else None
        if following is None or (following[2] is None and not final):
            return None
        return not following[1].lower().startswith(_MONTHS)
    return True


def _cut(text: str) -> int:
    """The index at which to cut a sentence that is too long: after the last comma, else at the last space."""
    comma = max(text.rfind(sign, LONGEST // 3, LONGEST - 1) for sign in (", ", "; ", ": ", "，", "、"))
    if comma > 0:
        return comma + 1
    space = max(text.rfind(" ", 1, LONGEST), text.rfind("\n", 1, LONGEST))
    return space if space > 0 else LONGEST
