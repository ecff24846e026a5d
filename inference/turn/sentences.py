"""Cuts a reply into sentences while it is still being written."""

from __future__ import annotations

import re

#: A sentence is no longer than this; a longer one is cut behind a comma or a space.
LONGEST = 300

#: An end in Latin script counts once a space follows; one of these counts at once.
_FULL_STOPS = "。！？｡।॥۔؟"
_END = re.compile(rf"[.!?…]+['\"”’»)\]*_]*(?=\s)|[{_FULL_STOPS}]+['\"”’»」』）)\]*_]*|\n+")
#: No sentence ends behind these, in small letters here.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "mr mrs ms dr prof st sr jr vs e.g i.e approx acct appt ext ref dept tel fig nos "
        "z.b d.h u.a bzw ca nr str hr fr inkl zzgl sra srta ud uds p.ej núm mme mlle m p.ex "
        "jan feb mar apr jun jul aug sep sept oct nov dec",
    )
)
#: A sentence may end behind these, and does unless a small letter or a digit follows. So with p.m. and U.S.
_MAY_END = frozenset({"etc", "no", "usw"})
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
#: Behind a number with a full stop they make a German date of it.
_MONTHS = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]*$")
_NEXT_WORD = re.compile(r"\s+(\S+)(\s)?")
#: More of the kind may follow these, or a closing quote: nothing is certain yet when they come last.
_OPEN_END = re.compile(rf"[{_FULL_STOPS}'\"”’»」』）)\]*_]$")


class SentenceSplitter:
    """Fed with the deltas of a reply, gives back each sentence as soon as it is whole.

    All sentences together are the text, white space at their edges aside; none is empty or longer than ``LONGEST``.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, delta: str) -> list[str]:
        """The sentences that this piece of text completed."""
        self._rest += delta
        return self._take(final=False)

    def flush(self) -> list[str]:
        """The text has ended: what is left."""
        sentences = self._take(final=True)
        last, self._rest = self._rest.strip(), ""
        return [*sentences, last] if last else sentences

    def _take(self, *, final: bool) -> list[str]:
        sentences: list[str] = []
        while True:
            self._rest = self._rest.lstrip()
            end = _end_of_first(self._rest, final=final)
            if end is None:
                if len(self._rest) <= LONGEST:
                    return sentences
                end = _cut(self._rest)
            sentence, self._rest = self._rest[:end].strip(), self._rest[end:]
            if sentence:
                sentences.append(sentence)


def _end_of_first(text: str, *, final: bool) -> int | None:
    """Where the first sentence ends; null if it does not yet."""
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
    """Whether ``mark`` between the two ends a sentence. Null: only what comes next can tell."""
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
    """Where to cut text that runs on: behind the last comma, else before the last space, else anywhere."""
    comma = max(text.rfind(sign, LONGEST // 3, LONGEST - 1) for sign in (", ", "; ", ": ", "，", "、"))
    if comma > 0:
        return comma + 1
    space = max(text.rfind(" ", 1, LONGEST), text.rfind("\n", 1, LONGEST))
    return space if space > 0 else LONGEST
