"""The answer to a yes/no question, in any language: yes, no, both, wait, a condition, or a question back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from inference.engines.scripted.lexicon import LANGUAGES, WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.conditions import condition_cue, restating
from inference.engines.scripted.understanding.cues import Cues, cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import Negation, Tone
from inference.engines.scripted.values import Reaction

#: Longer clauses are no plain answers.
_MAX_WORDS = 12
#: Words of a yes with a question mark that only asks what is meant.
_ECHO_WORDS = 1
#: In more clauses, a condition without a yes may be of something else.
_FEW_CLAUSES = 2


class _Part(StrEnum):
    """What one clause is as an answer. BID: an order to do it. SHRUG: "whatever", a yes only beside an order.
    YIELD: "if I must", one beside any yes.
    """

    YES = "yes"
    BID = "bid"
    SHRUG = "shrug"
    YIELD = "yield"
    NO = "no"
    WAIT = "wait"
    DOUBT = "doubt"
    QUESTION = "question"
    CONDITION = "condition"


def reaction_of(clauses: Sequence[Clause], tones: Sequence[Tone], own: Cues) -> Reaction:
    """The reaction of an utterance; NONE if it is no answer."""
    restated = restating(clauses, own)
    found = [
        [] if again else _parts(clause, tone, own) for clause, tone, again in zip(clauses, tones, restated, strict=True)
    ]
    said = set(_without_what_is_taken_back(found, clauses, own))
    if _Part.BID in said:
        said = (said - {_Part.BID, _Part.SHRUG}) | {_Part.YES}
    if _Part.YES in said:
        said.discard(_Part.YIELD)
    if said & {_Part.SHRUG, _Part.YIELD}:
        said.add(_Part.DOUBT)
    answers = said & {_Part.YES, _Part.NO, _Part.DOUBT}
    if _Part.WAIT in said and _Part.QUESTION not in said:
        return Reaction.MIXED if {_Part.YES, _Part.NO} <= said else Reaction.WAIT
    if {_Part.YES, _Part.NO} <= said or _Part.DOUBT in said:
        return Reaction.MIXED
    if _Part.QUESTION in said and (_Part.YES in said or not answers):
        return Reaction.QUESTION
    if _Part.CONDITION in said and _Part.NO not in said:
        few = len(clauses) - sum(restated) <= _FEW_CLAUSES
        return Reaction.CONDITION if _Part.YES in said or few else Reaction.NONE
    if _Part.YES in said:
        return Reaction.YES
    return Reaction.NO if _Part.NO in said else Reaction.NONE


def _without_what_is_taken_back(found: Sequence[list[_Part]], clauses: Sequence[Clause], own: Cues) -> list[_Part]:
    """All parts but a no before "actually, yes"."""
    last = max(
        (
            number
            for number, (parts, clause) in enumerate(zip(found, clauses, strict=True))
            if parts in ([_Part.YES], [_Part.BID]) and own.reversals.search(normalized(clause.text).text)
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
    condition = condition_cue(text, own)
    if len(WORD.findall(body)) <= _MAX_WORDS:
        plain = _plain_answer(body, own)
        if plain is None and joint:  # "if it must be"
            plain = _plain_answer(text.strip(" ,.!?¿¡।"), own)
        if plain is None and own.reversals.search(body):
            plain = _plain_answer(" ".join(own.reversals.sub(" ", body).split()).strip(" ,"), own)
        if plain is None:
            others = (cues(language) for language in LANGUAGES if language != own.language)
            plain = next((found for other in others if (found := _plain_answer(body, other))), None)
        if plain is not None:
            echoes = plain is _Part.BID or (plain is _Part.YES and len(WORD.findall(body)) <= _ECHO_WORDS)
            return [_Part.QUESTION if echoes and clause.asked else plain]
    parts: list[_Part] = []
    refuses = own.no_starts.match(body)
    until = condition.start() - text.find(body) if condition is not None else len(body)
    if refuses is not None and refuses.end() <= until:  # not "on no account before May"
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
    if language.bidding.fullmatch(body):
        return _Part.BID
    if language.assent.fullmatch(body):
        return _Part.YES
    if language.giving_in.fullmatch(body):
        return _Part.YIELD
    return _Part.SHRUG if language.shrug.fullmatch(body) else None


def is_order(clauses: Sequence[Clause], own: Cues) -> bool:
    """Whether an answer says no more than that it be done, however reluctantly: "oh, whatever, do it"."""
    said = [normalized(each.text).text.strip(" ,.!?¿¡।") for each in clauses]
    kinds = (own.assent, own.bidding, own.shrug, own.giving_in, own.filler)
    orders = any(map(own.bidding.fullmatch, said))
    return orders and all(any(kind.fullmatch(text) for kind in kinds) for text in said)
