"""The wishes and acts of an utterance: judges its clauses, its sentences and the whole, and takes what is certain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.intents import Judgement
from inference.engines.scripted.understanding.polarity import Negation, Tone
from inference.engines.scripted.values import Polarity, Wish

#: Probability from which an intent is certain: of the whole utterance or a sentence, and of a clause in it.
MIN_SCORE, MIN_CLAUSE_SCORE = 0.5, 0.6
#: Probability of all intents that are filed as the same, from which one of them is certain.
_MIN_CERTAINTY = 0.75
#: A settled or denied matter is taken for the likeliest intent from here on: it files nothing.
_MIN_WITHDRAWN_SCORE = 0.3
#: Probability from which an act is as good as certain.
_SURE_ACT = 0.95
#: From this probability on, an intent may be meant although another is likelier.
_NEAR = 0.04
#: Up to this many words, a clause behind a denied one goes on with it: "I do not want to cancel, change or move".
_MAX_CONTINUATION_WORDS = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """A clause, a sentence of several clauses or an utterance of several sentences, judged. ``dependent``: it begins
    with "if", "that" or the like.
    """

    clause: Clause
    tone: Tone
    judgement: Judgement
    dependent: bool = False


#: What is asked about or told of others takes nothing back.
_ONLY_TOLD = frozenset({Polarity.ASKED, Polarity.REMOTE})

#: The polarity of an intent in a clause.
PolarityOf = Callable[[str, Judged], Polarity]


def wishes_of(
    clauses: Sequence[Judged], larger: Callable[[int | None], Judged | None], polarity_of: PolarityOf
) -> tuple[Wish, ...]:
    """The wishes, each intent once. ``larger``: a sentence of several clauses by its number, or with None the whole
    utterance of several sentences; called only where its parts say nothing certain.
    """
    found: list[Wish] = []
    for number in dict.fromkeys(each.clause.sentence for each in clauses):
        members = [each for each in clauses if each.clause.sentence == number]
        certain = [each for each in members if _is_wish(each, MIN_CLAUSE_SCORE if len(members) > 1 else MIN_SCORE)]
        if not certain and any(not is_certain_act(each) for each in members):
            sentence = larger(number)
            certain = [sentence] if sentence is not None and _is_wish(sentence, MIN_SCORE) else []
        if len(certain) == 1 < len(members) and certain[0].judgement.certainty < _MIN_CERTAINTY:
            sentence = larger(number)  # "the number is no good any more and I'd like you to change it"
            if sentence is not None and _is_wish(sentence, certain[0].judgement.certainty):
                certain = [replace(certain[0], judgement=sentence.judgement)]
        found += _in_order(certain, members, polarity_of)
    if not found and any(not is_certain_act(each) for each in clauses):
        whole = larger(None)
        found = [wish_of(whole, polarity_of)] if whole is not None and _is_wish(whole, MIN_SCORE) else []
    return merged(found)


def is_certain_act(judged: Judged) -> bool:
    """Whether a clause is an act of the dialogue, such as a greeting."""
    return judged.judgement.is_act and judged.judgement.score >= MIN_CLAUSE_SCORE


def _is_wish(judged: Judged, least: float) -> bool:
    judgement = judged.judgement
    if judged.tone.consults or judged.tone.mood:  # "I have to talk to my husband", "I am really frustrated"
        return False
    if judged.tone.settled or judged.tone.negation is Negation.STRONG:
        least = min(least, _MIN_WITHDRAWN_SCORE)
    return (
        bool(judgement.scores)
        and not judgement.is_act
        and (judgement.score >= least or judgement.certainty >= _MIN_CERTAINTY)
    )


def wish_of(judged: Judged, polarity_of: PolarityOf) -> Wish:
    judgement = judged.judgement
    polarity = polarity_of(judgement.label, judged)
    requested = judged.tone.requests or judged.tone.question
    asks = judged.tone.question and not judged.tone.requests
    near = tuple(label for label, score in judgement.scores[1:] if score >= _NEAR)
    return Wish(
        judgement.label, judged.clause.text, polarity, judgement.certainty, requested=requested, asks=asks, near=near
    )


def _in_order(certain: Sequence[Judged], members: Sequence[Judged], polarity_of: PolarityOf) -> list[Wish]:
    """Wishes of one sentence. A short clause behind a denied one is denied too, and a dependent clause has the tone of
    the one that it depends on: "I am not sure if I want to cancel", "I never said that I want to cancel".
    """
    wishes: list[Wish] = []
    for judged in certain:
        at = next((number for number, each in enumerate(members) if each is judged), 0)
        before = members[at - 1] if at else None
        if before is not None and judged.dependent and before not in certain:
            wish = wish_of(replace(judged, tone=_inherited(judged.tone, before.tone)), polarity_of)
        else:
            wish = wish_of(judged, polarity_of)
        short = len(judged.clause.text.split()) <= _MAX_CONTINUATION_WORDS and not judged.clause.joint
        short = short and not judged.tone.requests  # "I don't want to leave, I need a copy"
        if (
            short
            and before is not None
            and wish.polarity is Polarity.WANTED
            and any(each.polarity is Polarity.DENIED and each.text == before.clause.text for each in wishes)
        ):
            wish = replace(wish, polarity=Polarity.DENIED)
        # "I want a refund, not a credit" names what is not meant.
        contrast = judged.tone.negation is Negation.WEAK and len(judged.clause.text.split()) <= _MAX_CONTINUATION_WORDS
        if not (contrast and any(each.intent == wish.intent for each in wishes)):
            wishes.append(wish)
    return wishes


def _inherited(tone: Tone, main: Tone) -> Tone:
    stronger = main.negation if tone.negation is Negation.NONE else tone.negation
    if main.doubtful:  # "not sure": the negation is the doubt
        stronger = tone.negation
    return replace(
        tone,
        negation=stronger,
        doubtful=tone.doubtful or main.doubtful,
        softened=tone.softened or main.softened,
        inquires=tone.inquires or main.inquires,
        asks_if_done=tone.asks_if_done or main.asks_if_done,
    )


def merged(wishes: Sequence[Wish]) -> tuple[Wish, ...]:
    """Each intent once, with all its clauses. What is denied or settled later holds; a question about it does not."""
    found: dict[str, Wish] = {}
    for wish in wishes:
        earlier = found.get(wish.intent)
        if earlier is None:
            found[wish.intent] = wish
            continue
        kept = earlier.polarity is Polarity.WANTED and wish.polarity in _ONLY_TOLD
        text = earlier.text if wish.text in earlier.text else f"{earlier.text} {wish.text}"
        polarity = earlier.polarity if kept else wish.polarity
        found[wish.intent] = replace(
            earlier, text=text, polarity=polarity, score=max(earlier.score, wish.score),
            condition=wish.condition or earlier.condition, requested=earlier.requested or wish.requested,
            asks=earlier.asks and wish.asks, near=tuple(dict.fromkeys((*earlier.near, *wish.near))),
        )  # fmt: skip
    return tuple(found.values())


def without_sighs(wishes: tuple[Wish, ...], clauses: Sequence[Judged]) -> tuple[Wish, ...]:
    """Beside another wish "nothing works in this house" is only told."""
    sighs = {each.clause.text for each in clauses if each.tone.vague}
    if not any(each.polarity is Polarity.WANTED and each.text not in sighs for each in wishes):
        return wishes
    return tuple(replace(each, polarity=Polarity.REMOTE) if each.text in sighs else each for each in wishes)


def is_withdrawal(judged: Judged) -> bool:
    """Whether a clause takes back what was said before it: "forget it", "don't do that"."""
    tone = judged.tone
    certain = is_certain_act(judged) and judged.judgement.label == "nevermind"
    return certain and not tone.question and (tone.refuses or tone.negation is Negation.STRONG)


def is_dropping(judged: Judged) -> bool:
    """Whether a clause is as good as certainly a "leave it then", of which no likeness makes a yes."""
    return judged.judgement.label == "nevermind" and judged.judgement.score >= _SURE_ACT


def acts_of(clauses: Sequence[Judged], larger: Sequence[Judged]) -> tuple[str, ...]:
    """The certain acts, in their order. ``larger``: the sentences or the whole that were judged too."""
    certain = [each for each in clauses if is_certain_act(each)]
    certain += [each for each in larger if each.judgement.is_act and each.judgement.score >= MIN_SCORE]
    if len(clauses) == 1 and clauses[0].judgement.is_act and clauses[0].judgement.score >= MIN_SCORE:
        certain.append(clauses[0])
    return tuple(dict.fromkeys(each.judgement.label for each in sorted(certain, key=lambda each: each.clause.start)))
