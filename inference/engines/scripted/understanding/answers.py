"""The answer to a yes/no question, in any language: yes, no, both, wait, a condition, or a question back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from inference.engines.scripted.lexicon import LANGUAGES, WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import Cues, cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import Negation, Tone
from inference.engines.scripted.values import Reaction

#: Longer clauses are no plain answers.
_MAX_WORDS = 12
#: Words of a yes with a question mark that only asks what is meant.
_ECHO_WORDS = 1


class _Part(StrEnum):
    """What one clause is as an answer."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"
    DOUBT = "doubt"
    QUESTION = "question"
    CONDITION = "condition"


def reaction_of(clauses: Sequence[Clause], tones: Sequence[Tone], own: Cues) -> Reaction:
    """The reaction of an utterance; NONE if it is no answer."""
    found = [_parts(clause, tone, own) for clause, tone in zip(clauses, tones, strict=True)]
    parts = _without_what_is_taken_back(found, clauses, own)
    said = set(parts)
    answers = said & {_Part.YES, _Part.NO, _Part.DOUBT}
    if _Part.WAIT in said and _Part.QUESTION not in said:
        return Reaction.MIXED if {_Part.YES, _Part.NO} <= said else Reaction.WAIT
    if {_Part.YES, _Part.NO} <= said or _Part.DOUBT in said:
        return Reaction.MIXED
    if _Part.QUESTION in said and (_Part.YES in said or not answers):
        return Reaction.QUESTION
    if _Part.CONDITION in said and _Part.NO not in said:
        return Reaction.CONDITION if _Part.YES in said or len(clauses) <= 2 else Reaction.NONE
    if _Part.YES in said:
        return Reaction.YES
    return Reaction.NO if _Part.NO in said else Reaction.NONE


def _without_what_is_taken_back(found: Sequence[list[_Part]], clauses: Sequence[Clause], own: Cues) -> list[_Part]:
    """All parts but a no before "actually, yes"."""
    last = max(
        (
            number
            for number, (parts, clause) in enumerate(zip(found, clauses, strict=True))
            if parts == [_Part.YES] and own.reversals.search(normalized(clause.text).text)
        ),
        default=0,
    )
    taken_back = {_Part.NO, _Part.DOUBT}
    return [part for number, parts in enumerate(found) for part in parts if number >= last or part not in taken_back]


def _parts(clause: Clause, tone: Tone, own: Cues) -> list[_Part]:
    text = normalized(clause.text).text
    joint = clause.joint if text.startswith(clause.joint) else ""
    body = text[len(joint) :].strip(" ,.!?¿¡।") or joint
    if own.consults.search(text):
        return [_Part.WAIT]
    condition = own.conditions.search(text)
    if len(WORD.findall(body)) <= _MAX_WORDS:
        plain = _plain_answer(body, own)
        if plain is None and own.reversals.search(body):
            plain = _plain_answer(" ".join(own.reversals.sub(" ", body).split()).strip(" ,"), own)
        if plain is None:
            others = (cues(language) for language in LANGUAGES if language != own.language)
            plain = next((found for other in others if (found := _plain_answer(body, other))), None)
        if plain is not None:
            echo = plain is _Part.YES and clause.asked and len(WORD.findall(body)) <= _ECHO_WORDS
            return [_Part.QUESTION if echo else plain]
    parts: list[_Part] = []
    if own.no_starts.match(body):
        parts.append(_Part.NO)
    elif own.yes_starts.match(body):
        parts.append(_Part.YES)
        if tone.negation is Negation.STRONG or tone.doubtful:  # "yes no leave it"
            parts.append(_Part.DOUBT)
    if condition is not None:
        parts.append(_Part.CONDITION)
    elif tone.inquires or (tone.question and not tone.requests):
        parts.append(_Part.QUESTION)
    return parts


def _plain_answer(body: str, language: Cues) -> _Part | None:
    """What a clause is that says nothing else."""
    if language.wait.fullmatch(body):
        return _Part.WAIT
    if language.refusal.fullmatch(body):
        return _Part.NO
    if language.doubtful_answer.fullmatch(body):  # "yeah right" before "yeah, right"
        return _Part.DOUBT
    return _Part.YES if language.assent.fullmatch(body) else None
