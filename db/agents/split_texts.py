"""Texts of a definition in YAML that a comma may have split: ``[Sorry, which day?]`` is a list of two texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from db.agents.problems import MAX_PROBLEMS, Loc
from db.agents.yaml_tree import Tree, Unreadable, placed, read_tree
from db.errors import Problem
from db.json_value import Json

#: Keys of texts that are said, and of what customers say. Names and phrases of fields are no sentences.
_SAID = frozenset({"greeting", "answer", "ask", "lead", "confirm", "filed", "updated", "ask_one_of"})
_SENTENCES = _SAID | {"examples"}

#: Words of a half of a sentence: "please", "Good morning".
_FEW = 3

_ENDS = (".", "!", "?", "…", ":", "।", "۔", "؟")

#: Written with a capital in the middle of a sentence too.
_ALWAYS_UPPER = frozenset({"I", "I'm", "I'd", "I've", "I'll"})


def split_texts(text: str, file: str | None = None) -> list[Problem]:
    """Lists in brackets of which two neighbours look like one sentence. ``text``: of a valid definition, in YAML."""
    try:
        tree = read_tree(text)
    except Unreadable:
        return []  # JSON with escapes that YAML has not
    found = [(loc, message, False) for loc, message in _walk(tree, tree.value, ())]
    return placed(found[:MAX_PROBLEMS], tree, file)


def _walk(tree: Tree, value: Json, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _walk(tree, part, (*loc, key))
    elif isinstance(value, list):
        texts = [each for each in value if isinstance(each, str)]
        if len(texts) == len(value) and _is_sentences(loc):
            yield from _halves(tree, texts, loc)
        for number, part in enumerate(value):
            yield from _walk(tree, part, (*loc, number))


def _is_sentences(loc: Loc) -> bool:
    """Whether texts of a language stand there: ``intents[0].examples.en``, ``replies.thanks.en``."""
    return len(loc) > 1 and (loc[-2] in _SENTENCES or loc[0] == "replies")


def _halves(tree: Tree, texts: Sequence[str], loc: Loc) -> Iterator[tuple[Loc, str]]:
    said = loc[-2] != "examples"
    long = sum(len(each.split()) for each in texts) > _FEW * len(texts)
    for number, (one, other) in enumerate(pairwise(texts)):
        if not {(*loc, number), (*loc, number + 1)} <= tree.unquoted:
            continue
        few = min(len(one.split()), len(other.split()))
        goes_on = one[:1].isupper() and other[:1].islower() and one.split()[0] not in _ALWAYS_UPPER and few <= _FEW
        ends = said and not one.endswith(_ENDS) and other.endswith(_ENDS)
        if goes_on or ends or (long and few == 1):
            shown = f"{one[:40]!r} and {other[:40]!r}"
            yield (*loc, number), f"{shown} are two texts: in [ ] a comma separates. Quote a text that has one."
