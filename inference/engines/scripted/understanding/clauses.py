"""Splits an utterance into sentences and clauses, so that each can be judged by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import Normalized, normalized

#: Marks that end a sentence: Latin, Devanagari and Urdu.
SENTENCE_END = re.compile(r"[.!?;।॥…\n۔؟]+")
_PAUSE = re.compile(r"[,،:()]| [-–—]+ |[–—]+")
_QUESTION = re.compile(r"[?؟]")
#: The abbreviation of "number" that is an answer too, and what follows it as such: "no. AC-20", but "No. I ...".
_NO_OR_NUMBER = "no"
_NUMBER_NEXT = re.compile(r"\s*[#:]?\s*\S*\d")
#: A clause of fewer words belongs to the one before it, unless it is an answer or a greeting by itself.
_MIN_WORDS = 3
_MAX_CLAUSES = 24


@dataclass(frozen=True, slots=True)
class Clause:
    """``text[start:end]`` of the utterance. ``sentence``: its number. ``asked``: its sentence ends with a question
    mark. ``joint``: the conjunction that opens it, normalized, "" without one; it is part of the clause.
    """

    start: int
    end: int
    text: str
    sentence: int
    asked: bool
    joint: str = ""


def split_clauses(text: str, cues: Cues, kept: Sequence[tuple[int, int]] = ()) -> list[Clause]:
    """The clauses of an utterance, in their order. ``kept``: spans that are never split, such as addresses."""
    clauses: list[Clause] = []
    for number, (start, end, asked) in enumerate(_sentences(text, cues, kept)):
        for left, right, joint in _parts(text, start, end, cues, kept):
            clauses.append(Clause(left, right, text[left:right], number, asked, joint))
    return clauses[:_MAX_CLAUSES]


def _sentences(text: str, cues: Cues, kept: Sequence[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """Start, end and whether it is asked, of each sentence."""
    sentences: list[tuple[int, int, bool]] = []
    at = 0
    for match in SENTENCE_END.finditer(text):
        if _is_inside(match.start(), kept) or _continues(text, match, cues):
            continue
        sentences.append((at, match.start(), _QUESTION.search(match.group()) is not None))
        at = match.end()
    sentences.append((at, len(text), False))
    return [each for each in sentences if WORD.search(text, each[0], each[1])]


def _continues(text: str, match: re.Match[str], cues: Cues) -> bool:
    """Whether a full stop ends no sentence: in a number, a reference, behind an abbreviation or an initial."""
    if match.group() != ".":
        return False
    before, after = text[: match.start()], text[match.end() :]
    if after[:1].isalnum():  # 49.99, jane.doe, 24.12.
        return True
    word = re.search(r"[^\W\d_]+(?:\.[^\W\d_]+)*$", before)
    if word is not None:
        name = normalized(word.group()).text
        if name == _NO_OR_NUMBER:
            return _NUMBER_NEXT.match(after) is not None
        return name in cues.abbreviations or (len(name) == 1 and word.group().isupper() and bool(after.strip()))
    # An ordinal: "am 3. Mai". A number at a sentence's end is followed by a capital letter or nothing.
    digits = re.search(r"(?<!\d)\d{1,2}$", before)
    return digits is not None and bool(after.strip()) and cues.language == "de"


def _is_inside(at: int, kept: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in kept)


def _parts(text: str, start: int, end: int, cues: Cues, kept: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Start, end and conjunction of the clauses of a sentence."""
    sentence = normalized(text[start:end])
    # Where a clause may begin -> where the one before it ends, and the conjunction.
    breaks: dict[int, tuple[int, str]] = {}
    for match in _PAUSE.finditer(sentence.text):
        if not _is_inside(start + sentence.source[match.start()], kept):
            breaks[match.end()] = (match.start(), "")
    for match in cues.joins.finditer(sentence.text):
        at = match.start()
        if not _is_inside(start + sentence.source[at], kept) and _is_written(sentence, match, cues):
            previous = next((place for place in breaks if place <= at and not sentence.text[place:at].strip()), None)
            left = breaks.pop(previous)[0] if previous is not None else at
            breaks[at] = (left, match.group())
    for match in cues.restarts.finditer(sentence.text):  # "i don't want to leave i just want it to work"
        at = match.start()
        inside = _is_inside(start + sentence.source[at], kept) or any(
            not sentence.text[place:at].strip() for place in breaks if place <= at
        )
        if not inside and cues.negations.search(sentence.text, 0, at):
            breaks[at] = (at, match.group())
    values = [(left - start, right - start) for left, right in kept]
    return _merged(text, start, sentence, breaks, cues=cues, values=values)


def _is_written(sentence: Normalized, match: re.Match[str], cues: Cues) -> bool:
    """Whether a conjunction has no accent that makes it another word: Spanish "sí" is not "si"."""
    written = sentence.slice(*match.span()).lower()
    return written == match.group() or cues.written_joins.fullmatch(written) is not None


def _merged(
    text: str,
    offset: int,
    sentence: Normalized,
    breaks: dict[int, tuple[int, str]],
    *,
    cues: Cues,
    values: Sequence[tuple[int, int]],
) -> list[tuple[int, int, str]]:
    """Clauses between the breaks; short ones that mean nothing alone are joined with their neighbours."""

    def stands_alone(part: tuple[int, int, str]) -> bool:
        start, end = sentence.source[part[0]], sentence.source[part[1]]
        return _stands_alone(sentence.text, part, cues) or any(start <= at < end for at, _ in values)

    parts: list[tuple[int, int, str]] = []
    at, joint = 0, ""
    for begins, (ends, word) in sorted(breaks.items()):
        parts.append((at, ends, joint))
        at, joint = begins, word
    parts.append((at, len(sentence.text), joint))
    clauses: list[tuple[int, int, str]] = []
    for left, right, word in parts:
        if not WORD.search(sentence.text, left, right):
            continue
        clauses.append((left, right, word))
        if len(clauses) > 1 and not stands_alone(clauses[-2]):
            first = clauses[-2]
            clauses[-2:] = [(first[0], right, first[2])]
    if len(clauses) > 1 and not stands_alone(clauses[-1]):
        first, last = clauses[-2:]
        clauses[-2:] = [(first[0], last[1], first[2])]
    spans = [(offset + sentence.source[left], offset + sentence.source[right], word) for left, right, word in clauses]
    return [_trimmed(text, *span) for span in spans]


def _stands_alone(text: str, part: tuple[int, int, str], cues: Cues) -> bool:
    start, end, joint = part
    body = text[start + len(joint) : end].strip(" ,")
    least = _MIN_WORDS - 1 if cues.openers.fullmatch(joint) else _MIN_WORDS  # "because nobody came"
    return len(WORD.findall(body)) >= least or any(
        each.fullmatch(body) for each in (cues.assent, cues.refusal, cues.wait, cues.interjections)
    )


def _trimmed(text: str, start: int, end: int, joint: str) -> tuple[int, int, str]:
    while start < end and text[start] in ' ,:()\t-–—،¿¡"«»„“”':
        start += 1
    while end > start and text[end - 1] in " ,:()\t-–—،":
        end -= 1
    return start, end, joint
