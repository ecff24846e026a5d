"""Polarity of a clause: whether its wish is wanted, denied, settled, only asked about, or doubtful.

Rules find a negation, a question, a doubt; the examples of the intent tell whether that is part of the wish itself: "my
internet does not work" is one, as "I do not want to talk to a machine" is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.values import Polarity

#: Characters of a clause in which cues are searched.
_MAX_CHARS = 400
#: Least words of a clause that another one tells more of: "your line, which is dead".
_MIN_TOLD = 3


class Negation(StrEnum):
    """STRONG: a wish is denied, or something forbidden. WEAK: something is negative that may be the wish itself."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


class Belonging(StrEnum):
    """Whether a negation is part of a wish (OWN) or denies it (FOREIGN)."""

    OWN = "own"
    FOREIGN = "foreign"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Tone:
    """What the words of a clause say about its wish, whatever it is. ``softened``: by "maybe" and the like, which
    doubts what is done as much as what is the matter. ``remote``: it is told of somebody else or of the past.
    ``imagined``: its sentence is about what may be. ``vague``: it says no more than that all is bad.
    ``mood``: it says how its speaker feels, and nothing else. ``consults``: somebody of the customer's own is to be
    asked. ``states_not``: it says what something is not.
    """

    negation: Negation = Negation.NONE
    refuses: bool = False
    dismissed: bool = False
    settled: bool = False
    doubtful: bool = False
    softened: bool = False
    question: bool = False
    inquires: bool = False
    asks_if_done: bool = False
    requests: bool = False
    remote: bool = False
    imagined: bool = False
    vague: bool = False
    mood: bool = False
    consults: bool = False
    states_not: bool = False


@dataclass(frozen=True, slots=True)
class Examples:
    """What the examples of an intent are like. ``binding``: it is filed after a confirmation only. ``belonging``: of
    the clause's negation; computed only if it is needed.
    """

    deny: bool
    inquire: bool
    ask_if_done: bool
    binding: bool
    belonging: Callable[[], Belonging]


def tone_of(clause: Clause, cues: Cues) -> Tone:
    """The tone of a clause."""
    said = normalized(clause.text).text[:_MAX_CHARS]
    body = said[len(clause.joint) :].strip(" ,") if clause.joint and said.startswith(clause.joint) else said
    opening = said if cues.inverting.match(said) else body
    question = clause.asked or cues.question_starts.match(opening) is not None
    answers = (cues.assent, cues.bidding, cues.shrug, cues.giving_in)
    question = question and not any(each.fullmatch(body) for each in answers)
    polite = cues.polite_negatives.search(said) is not None
    negation = Negation.NONE
    hurried = cues.priority["LOW"].sub(" ", said).strip(" ,")  # "no hurry" denies nothing
    requests = cues.requests.search(said) is not None
    if not polite:
        if cues.denials.search(hurried):
            negation = Negation.STRONG
        elif cues.weak_denials.search(hurried):
            negation = Negation.WEAK
    settled = cues.settled.search(said)
    rest = f"{said[len(clause.joint) : settled.start()]} {said[settled.end() :]}" if settled else ""
    return Tone(
        negation,
        refuses=cues.refusal.fullmatch(body) is not None,
        dismissed=cues.dismissals.search(said) is not None and not question,
        settled=settled is not None
        and not question
        and cues.unsettled.search(rest) is None
        and cues.wrongly.search(settled.group()) is None
        and not is_negative(said[: settled.start()], cues),
        doubtful=cues.doubts.search(hurried if requests else said) is not None,  # "I'd like a copy some day"
        softened=cues.soft_doubts.search(said) is not None,
        question=question,
        inquires=(question and cues.inquiries.match(body) is not None)
        or cues.indirect_questions.search(body) is not None,
        asks_if_done=question and cues.done_questions.match(body) is not None,
        requests=requests,
        remote=cues.remote.search(said) is not None,
        imagined=cues.imagined.search(said) is not None,
        vague=cues.vague.search(said) is not None,
        mood=cues.moods.fullmatch(body.strip(" ,.!")) is not None,
        consults=cues.consults.search(said) is not None,
        states_not=not question and cues.states_not.search(body.strip(" ,.!")) is not None,
    )


def spread(tones: Sequence[Tone], clauses: Sequence[Clause], cues: Cues) -> list[Tone]:
    """Tones of clauses: what one clause of a sentence imagines, all of them do, and what somebody says is told of them
    behind a comma too. So is what nobody need do anything about: "there's a bill open, I'll pay it". A relative clause
    asks nothing: "your line, which is dead"; one of a place or time only describes: "where the internet was slow".
    """
    imagined = {clause.sentence for clause, tone in zip(clauses, tones, strict=True) if tone.imagined}
    found = [replace(tone, imagined=clause.sentence in imagined) for clause, tone in zip(clauses, tones, strict=True)]
    for number, (before, clause) in enumerate(pairwise(clauses), 1):
        both = normalized(f"{before.text} {clause.text}").text[:_MAX_CHARS]
        if before.sentence == clause.sentence and not tones[number - 1].remote and cues.remote.search(both):
            found[number] = replace(found[number], remote=True)
        aside = cues.asides.match(normalized(clause.text).text) is not None and not clause.asked
        if aside and before.sentence == clause.sentence and not tones[number].requests:
            found[number] = replace(found[number], remote=True, question=False)
        follows = before.sentence == clause.sentence and len(before.text.split()) >= _MIN_TOLD
        if follows and not clause.asked and cues.relatives.match(normalized(clause.text).text[:_MAX_CHARS]):
            found[number] = replace(found[number], question=False, inquires=False, asks_if_done=False)
    for number, clause in enumerate(clauses):
        if cues.no_need.search(normalized(clause.text).text[:_MAX_CHARS]) is None:
            continue
        for told in range(max(0, number - 1), number + 1):
            found[told] = replace(found[told], remote=found[told].remote or not found[told].requests)
    return found


def polarity_of(tone: Tone, examples: Examples) -> Polarity:
    """The polarity of a wish that is said in a clause of this tone."""
    if tone.asks_if_done and not examples.ask_if_done:
        return Polarity.ASKED
    if tone.settled:
        return Polarity.SETTLED
    if tone.dismissed:
        return Polarity.DENIED
    if tone.negation is Negation.STRONG and not (examples.deny and examples.belonging() is Belonging.OWN):
        return Polarity.DENIED
    if tone.negation is Negation.WEAK and (belonging := examples.belonging()) is not Belonging.OWN:
        return Polarity.DENIED if belonging is Belonging.FOREIGN else Polarity.DOUBTFUL
    # "the parcel isn't damaged", where all examples say that one is
    if tone.states_not and not examples.deny and examples.belonging() is Belonging.FOREIGN:
        return Polarity.DENIED
    if tone.remote or tone.imagined:
        return Polarity.REMOTE
    doubtful = tone.doubtful or (tone.softened and examples.binding)
    if doubtful and not (tone.question and tone.requests):
        return Polarity.DOUBTFUL
    if tone.inquires and not examples.inquire:
        return Polarity.ASKED
    return Polarity.WANTED


def affirmative(text: str, cues: Cues) -> str:
    """The text without what makes it negative: "I do not want to cancel" becomes "i want to cancel"."""
    said = normalized(text).text
    for negative, positive in cues.affirmative:
        said = negative.sub(positive, said)
    return " ".join(said.split())


def is_negative(text: str, cues: Cues) -> bool:
    """Whether something is negated in a text."""
    return cues.negations.search(normalized(text).text) is not None
