"""The answer to "shall I file this?" as a whole: yes, no, or neither, by its likeness to examples of all languages.

A second judge beside the rules of ``answers``. Where both agree, the answer holds; where one finds a yes and the other
none, the yes is in doubt and is asked for again. What no rule knows is a yes or a no if it is clearly like the
examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.intents import IntentModel
from inference.engines.scripted.understanding.polarity import Negation, Tone
from inference.engines.scripted.understanding.prototypes import NO, YES, Prototypes, clean
from inference.engines.scripted.values import Reaction

#: Longer answers say more than one thing.
MAX_WORDS = 16
#: Probability from which what no rule knows is a yes or a no. Chosen so that none of 43 answers that were no yes
#: passed for one, of conversations that are no examples.
SURE_YES, _SURE_NO = 0.85, 0.9
#: Below this probability a yes of the rules is in doubt, and from this probability on a no of theirs.
_LEAST_YES, _MOST_YES = 0.1, 0.9
#: With a goodbye, a yes is one from here on.
_LEAVING_YES = 0.6


@dataclass(frozen=True, slots=True)
class AnswerLikeness:
    """Probabilities that an answer is a yes and that it is a no."""

    yes: float
    no: float


class AnswerModel:
    """Fitted to the examples of all languages. Thread-safe."""

    def __init__(self, encoder: Encoder, examples: Prototypes) -> None:
        self._encoder = encoder
        self._classifier = IntentModel(examples, {})

    def judge(self, text: str) -> AnswerLikeness:
        """``text``: with NAME and NUMBER for mentions."""
        vectors = self._encoder.encode([clean(text)], english=False)
        scores = dict(self._classifier.judge(vectors, english=False)[0].scores)
        return AnswerLikeness(scores.get(YES, 0.0), scores.get(NO, 0.0))


def weighed(
    reaction: Reaction, likeness: AnswerLikeness, *, plain: bool, wishes: bool = False, leaves: bool = False
) -> Reaction:
    """The reaction after both judges. ``plain``: whether nothing else is said that would speak against a yes or no.
    ``wishes``: whether something is wished beside it, which makes it less like a mere answer. ``leaves``: whether it is
    said with a goodbye, of which "right, bye" is a part.
    """
    if leaves and reaction is Reaction.YES and likeness.yes < _LEAVING_YES:
        return Reaction.NONE
    if reaction is Reaction.YES and plain and not wishes and likeness.yes < _LEAST_YES:
        return Reaction.MIXED
    if reaction is Reaction.NO and plain and likeness.yes > _MOST_YES:
        return Reaction.MIXED
    if reaction is Reaction.NONE and plain and not leaves:
        if likeness.yes >= SURE_YES:
            return Reaction.YES
        if likeness.no >= _SURE_NO:
            return Reaction.NO
    return reaction


def is_plain(clauses: Sequence[Clause], tones: Sequence[Tone]) -> bool:
    """Whether no clause asks, doubts, denies or defers anything."""
    return not any(
        clause.asked
        or (tone.question and not tone.requests)
        or tone.inquires
        or tone.doubtful
        or tone.softened
        or tone.consults
        or tone.imagined
        or tone.remote
        or (tone.negation is not Negation.NONE and not tone.refuses)
        for clause, tone in zip(clauses, tones, strict=True)
    )
