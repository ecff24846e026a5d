"""Cuts texts of knowledge, Markdown or plain, into passages that are found one by one, by any of their sentences.

A passage is a few whole sentences of one section, with the headings above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Words of a passage: it is closed when the next sentence would come to more.
_MAX_WORDS = 120

#: A longer run of characters without a space is no word: only its beginning is kept.
_MAX_WORD = 200

#: Characters of one sentence; a longer one is cut between words.
_MAX_SENTENCE = 1_000
_MAX_HEADING = 200

#: Most passages of one version of an agent.
MAX_PASSAGES = 5_000

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*\Z")
_UNDERLINE = re.compile(r"(=+|-+)[ \t]*\Z")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
_ITEM = re.compile(r"[ \t]*([-*+]|\d{1,3}[.)])[ \t]+")
#: The end of a sentence: a full stop of any script, with closing quotes and brackets.
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？।])[\"'»”)\]]*\s+|(?<=[。！？])")
_SPACE = re.compile(r"\s+")
#: Characters of a sentence that says something by itself.
_SHORT = 25

#: Between headings.
SEPARATOR = " > "

#: Characters that stand for a word in scripts without spaces.
_CHARACTERS_A_WORD = 8


class NoPassages(Exception):
    """The text cannot be used: it has no sentences, or too many."""


@dataclass(frozen=True, slots=True)
class Passage:
    """``heading``: the headings above it, "" without any."""

    heading: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)

    @property
    def embedded(self) -> tuple[str, ...]:
        """What is embedded: each sentence with the heading above it, which says what it is about. Very short ones are
        joined with the next.
        """
        found: list[str] = []
        held = ""
        for sentence in self.sentences:
            held = f"{held} {sentence}".strip()
            if len(held) >= _SHORT:
                found.append(held)
                held = ""
        if held:
            found.append(held)
        above = self.heading.rpartition(SEPARATOR)[2]
        return tuple(f"{above}: {each}" if above else each for each in found)


def cut(text: str) -> list[Passage]:
    """The passages of a text, in its order. Raises NoPassages for more than 5,000."""
    found: list[Passage] = []
    for heading, block in _sections(text):
        for passage in _packed(heading, block):
            found.append(passage)
            if len(found) > MAX_PASSAGES:
                raise NoPassages(f"The text has more than {MAX_PASSAGES} passages.")
    return found


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Sections: the headings above each, and its sentences."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        found = None if fenced else _HEADING.match(line)
        if found is not None:
            level, title = len(found[1]), found[2]
        elif not fenced and lines and lines[-1].strip() and _UNDERLINE.match(line):
            level, title = (1 if line[0] == "=" else 2), lines.pop()
        else:
            lines.append(line)
            continue
        yield _joined(above), _sentences(lines)
        lines = []
        above = [each for each in above if each[0] < level]
        above.append((level, _SPACE.sub(" ", title).strip()[:_MAX_HEADING]))
    yield _joined(above), _sentences(lines)


def _joined(above: list[tuple[int, str]]) -> str:
    return SEPARATOR.join(title for _, title in above if title)[: 2 * _MAX_HEADING]


def _sentences(lines: list[str]) -> list[str]:
    """The sentences of lines: an item of a list, a row of a table and an empty line end one."""
    blocks: list[str] = []
    new = True
    for line in lines:
        plain = line.strip()
        starts = new or _ITEM.match(line) is not None or plain.startswith("|")
        new = not plain
        if not plain:
            continue
        if starts or not blocks:
            blocks.append(plain)
        else:
            blocks[-1] += f" {plain}"
    return [part for block in blocks for sentence in _SENTENCE_END.split(block) for part in _short(sentence)]


def _short(sentence: str) -> Iterator[str]:
    """The sentence, or its parts if it is very long."""
    part = ""
    for word in sentence.split():
        kept = word[:_MAX_WORD]
        if part and len(part) + 1 + len(kept) > _MAX_SENTENCE:
            yield part
            part = ""
        part = f"{part} {kept}" if part else kept
    if part:
        yield part


def _packed(heading: str, sentences: list[str]) -> Iterator[Passage]:
    held: list[str] = []
    size = 0
    for sentence in sentences:
        words = max(len(sentence.split()), -(-len(sentence) // _CHARACTERS_A_WORD))
        if held and size + words > _MAX_WORDS:
            yield Passage(heading, tuple(held))
            held, size = [], 0
        held.append(sentence)
        size += words
    if held:
        yield Passage(heading, tuple(held))
