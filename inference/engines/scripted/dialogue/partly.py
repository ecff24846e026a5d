"""A yes to some of the values that were read back: "yes to the address, the phone, no", "only the address"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from inference.engines.scripted.dialogue.cues import Cues, cues
from inference.engines.scripted.dialogue.state import PendingRequest
from inference.engines.scripted.lexicon import WORD, phrases
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.values import Reaction, Understanding
from inference.engines.scripted.wording.wording import PLACEHOLDER

#: Least letters of a word of a read-back that names its field: shorter ones are articles.
_MIN_LETTERS = 4
#: Least values of which some can be refused.
_SEVERAL = 2
#: Stands for "all but": what is named beside it is refused.
_EXCEPT = "\x01"
_PARTS = re.compile(rf"(?<=[.,;:!?।۔،])(?=\s)|(?={_EXCEPT})|\s[–—-]\s")


@dataclass(slots=True)
class Partly:
    """What an answer says of the values that were read back, by field. ``unclear``: it names some in a way that is no
    plain yes to all. ``settled``: it speaks of each of them.
    """

    accepted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unclear: bool = False
    settled: bool = False


def partly(request: PendingRequest, understood: Understanding) -> Partly:
    """What an answer accepts and refuses of a request's values."""
    names = [name for name in request.fields if not request.scenario.is_remark(name)]
    said, own = Partly(), cues(understood.language)
    if len(names) < _SEVERAL or understood.question:
        return said
    words = _words_of(request, names, understood.language, own)
    text = own.plain.sub(" ", normalized(understood.text).text)
    if not any(each.search(text) for each in words.values()):
        return said
    if own.wrong.search(text):
        said.unclear = understood.reaction is Reaction.YES
        return said
    waiting: set[str] = set()
    before: set[str] | None = None
    only = False
    for part in _parts(text, own):
        named = _named(part, words)
        limits = own.only.search(part) is not None
        if own.leaves_out.search(part) or _EXCEPT in part:
            if limits and named:
                said.unclear = True  # "not only the address"
            said.refused |= named | waiting
            before, waiting = said.refused, set()
        elif limits and named:
            only = True
            said.accepted |= named | waiting
            before, waiting = said.accepted, set()
        elif own.accepts.search(part):
            said.unclear = said.unclear or bool(named)
            said.accepted |= named | waiting
            before, waiting = said.accepted, set()
        elif named and before is not None and own.joining.match(part):
            before |= named
        else:
            waiting |= named
    if only:
        said.refused |= set(names) - said.accepted
    clash = said.accepted & said.refused
    if clash or not said.refused.issubset(names) or said.refused.issuperset(names):
        return Partly(unclear=bool(clash))
    said.settled = bool(said.refused) and said.accepted | said.refused == set(names)
    said.unclear = not said.refused and said.unclear and said.accepted != set(names)
    return said


def _parts(text: str, own: Cues) -> Iterator[str]:
    """The parts of an answer between pauses, "and" and "but"; fields that stand before "left out" come with it."""
    marked = own.all_but.sub(f" {_EXCEPT} ", text)
    before = ""
    for part in _PARTS.split(own.joining.sub(r" , \g<0>", own.contrasts.sub(" , ", marked))):
        bare = part.strip(" .,;:!?।۔،")
        if bare.startswith(_EXCEPT) and before and not _ENDS.search(before):
            yield f"{before} {bare}"
            before = ""
            continue
        if before.strip(" .,;:!?।۔،"):
            yield before.strip(" .,;:!?।۔،")
        before = part
    if before.strip(" .,;:!?।۔،"):
        yield before.strip(" .,;:!?।۔،")


_ENDS = re.compile(r"[.,;:!?।۔،]\s*$")


def _named(part: str, words: dict[str, re.Pattern[str]]) -> set[str]:
    """The fields that a part names, by the longest words first: an "e-mail address" is no "address"."""
    found = sorted(
        (
            (each.end() - each.start(), each.span(), name)
            for name, pattern in words.items()
            for each in pattern.finditer(part)
        ),
        reverse=True,
    )
    taken: list[tuple[int, int]] = []
    named = set()
    for _, (start, end), name in found:
        if not any(start < stop and begin < end for begin, stop in taken):
            taken.append((start, end))
            named.add(name)
    return named


def _words_of(request: PendingRequest, names: list[str], language: str, own: Cues) -> dict[str, re.Pattern[str]]:
    """Patterns of what each field is called: its names, words of its read-back and of its format, and its value."""
    words: dict[str, set[str]] = {}
    single: dict[str, set[str]] = {}
    formats = Counter(request.scenario.fields[name].format for name in names if name in request.scenario.fields)
    for name in names:
        definition = request.scenario.fields.get(name)
        called = [*(definition.names.get(language, ()) if definition else ())]
        said = [PLACEHOLDER.sub(" ", each) for each in (definition.read_back.get(language, ()) if definition else ())]
        form = definition.format if definition else None
        own_words = own.formats.get(form or "", []) if formats[form] == 1 else []
        known = {word for each in (*called, *own_words) for word in WORD.findall(normalized(each).text)}
        in_read_back = {word for each in said for word in WORD.findall(normalized(each).text)}
        single[name] = {word for word in in_read_back if len(word) >= _MIN_LETTERS and (word in known or not called)}
        words[name] = {normalized(each).text for each in (*called, *own_words, request.fields[name])}
    for name in names:
        others = {word for other in names if other != name for word in (*single[other], *words[other])}
        words[name] |= single[name] - others
    return {name: phrases(each) for name, each in words.items() if each}
