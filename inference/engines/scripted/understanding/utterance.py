"""One utterance on its way to being understood: language, mentions, clauses, wishes, acts and the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from db.agents.definition import AgentDefinition
from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.mentions import find_mentions, mask
from inference.engines.scripted.understanding.agent_model import AgentModel
from inference.engines.scripted.understanding.answer_model import MAX_WORDS, SURE_YES, AnswerModel, is_plain, weighed
from inference.engines.scripted.understanding.answers import is_order, reaction_of
from inference.engines.scripted.understanding.clause_judge import ClauseJudge, within
from inference.engines.scripted.understanding.clauses import Clause, split_clauses
from inference.engines.scripted.understanding.conditions import condition_of, restating, with_restated
from inference.engines.scripted.understanding.cues import Cues, cues
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.language import language_of
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.overtaken import overtaken
from inference.engines.scripted.understanding.polarity import polarity_of
from inference.engines.scripted.understanding.priority import with_priorities, without_rankings
from inference.engines.scripted.understanding.revised_wishes import WishRevision
from inference.engines.scripted.understanding.run_ons import shared, unpaused, windows_of
from inference.engines.scripted.understanding.wishes import (
    Judged,
    PolarityOf,
    acts_of,
    is_certain_act,
    is_dropping,
    is_withdrawal,
    merged,
    wish_of,
    wishes_of,
    without_sighs,
)
from inference.engines.scripted.values import (
    Expectation,
    Mention,
    Polarity,
    Reaction,
    Understanding,
    Wish,
)

#: Formats of values that belong to a matter.
_FACTS = frozenset({"money", "date", "time", "number"})
#: Formats of values that say when, and most characters before one that is no condition.
_WHEN = frozenset({"date", "time"})
_MAX_CUE = 8
#: Mentions of these formats are whole phrases: a clause may end within them.
_LONG_FORMATS = frozenset({"text", "enum"})
#: Probability from which a window of a long clause has its wish.
_SURE_WINDOW = 0.8
#: Acts that a yes to a confirmation may look like: "go on then".
_LIKE_A_YES = frozenset({"nevermind", "goodbye", "unclear"})
#: Acts beside which a yes is in doubt: "fine, I'll think about it".
_PUTS_OFF = frozenset({"wait", "repeat"})


class Utterance:
    """One utterance on its way to being understood."""

    def __init__(
        self,
        text: str,
        language: str,
        agent: AgentDefinition,
        encoder: Encoder,
        vocabulary: Mapping[str, Sequence[str]],
        *,
        name_asked: bool,
    ) -> None:
        self._text = text
        self._language, self._unsupported = language_of(
            text, language, agent.languages, vocabulary, name_asked=name_asked
        )
        self._cues: Cues = cues(self._language)
        self._agent = agent
        self._encoder = encoder
        self._mentions: tuple[Mention, ...] = ()

    def understand(
        self, model: AgentModel, answers: AnswerModel, expected: Expectation, today: dt.date
    ) -> Understanding:
        text, count = self._text, len(WORD.findall(self._text))
        if not count:
            return Understanding(text, self._language)
        if self._unsupported is not None:
            return Understanding(text, self._language, unsure=True, unsupported=self._unsupported, words=count)
        self._mentions = find_mentions(text, self._language, self._agent, expected, today)
        kept = [(each.start, each.end) for each in self._mentions if each.format not in _LONG_FORMATS]
        clauses = split_clauses(text, self._cues, kept)
        sentences: dict[int | None, Clause] = {each.sentence: each for each in _sentences(text, clauses)}
        if len({each.sentence for each in clauses}) > 1:
            sentences[None] = Clause(0, len(text), text, -1, asked=clauses[-1].asked)
        judge = ClauseJudge(self._agent, model, self._encoder, self._language, self._mentions)
        revision = WishRevision(text, self._agent, self._mentions)
        judged = judge.judge(clauses)
        larger: list[Judged] = []

        def judge_larger(number: int | None) -> Judged | None:
            if number not in sentences:
                return None
            larger.extend(judge.judge([sentences[number]]))
            return larger[-1]

        def polarity(intent: str, each: Judged) -> Polarity:
            return polarity_of(each.tone, judge.examples(intent, each))

        wishes = revision.revised(wishes_of(judged, judge_larger, polarity), judged)
        wishes = without_rankings(without_sighs(wishes, judged), judged, self._cues)
        wishes = revision.without_values(wishes) or self._in_run_ons(judged, judge, polarity)
        wishes, priority = with_priorities(judged, wishes, self._cues)
        wishes = overtaken(wishes, judged, self._cues)
        acts = acts_of(judged, larger)
        best = max((*judged, *larger), key=lambda each: each.judgement.score)
        restated = restating(clauses, self._cues)
        conditions = with_restated(clauses, [self._condition(each) for each in clauses], restated)
        masked = mask(text, self._mentions)
        tones = [each.tone for each in judged]
        reaction = reaction_of(clauses, tones, self._cues)
        if reaction is Reaction.QUESTION:  # "one moment, what does it cost?" waits for the answer
            acts = tuple(act for act in acts if act != "wait")
        if expected.binds:
            last = sentences.get(clauses[-1].sentence, clauses[-1])
            plain = not self._mentions and not any(conditions)
            reaction, acts = self._weighed(judged, answers, reaction, acts, last=last, plain=plain, wishes=bool(wishes))
        if all(self._declines(each.clause) for each in judged if each.judgement.label == "nevermind"):
            acts = tuple(act for act in acts if act != "nevermind")  # "I won't tell you" takes no wish back
        said = normalized(text).text
        if self._cues.offered_help.search(said):  # "if that helps you" asks for nothing
            acts = tuple(act for act in acts if act != "abilities")
        condition = next((each for each in conditions if each), None)
        return Understanding(
            text,
            self._language,
            wishes=tuple(replace(wish, condition=condition_of_wish(wish, clauses, conditions)) for wish in wishes),
            acts=acts,
            mentions=self._mentions,
            reaction=reaction,
            condition=condition,
            question=any(each.tone.question for each in judged),
            asks_state=any(
                each.tone.question and self._cues.state_questions.match(normalized(each.clause.text).text) is not None
                for each in judged
            ),
            corrects=self._cues.corrections.search(said) is not None,
            declines=not expected.confirms and any(map(self._declines, clauses)),
            unsure=not wishes and not acts and reaction is Reaction.NONE,
            priority=priority,
            words=count,
            masked=masked,
            facts=self._facts(judged, wishes),
            scores=best.judgement.scores,
        )

    def _weighed(
        self,
        judged: Sequence[Judged],
        answers: AnswerModel,
        reaction: Reaction,
        acts: tuple[str, ...],
        *,
        last: Clause,
        plain: bool,
        wishes: bool,
    ) -> tuple[Reaction, tuple[str, ...]]:
        """The reaction after both judges of an answer, and the acts without those that a yes looks like. ``last``: its
        last sentence. ``plain``: whether it names no value and no condition.
        """
        clauses, tones = [each.clause for each in judged], [each.tone for each in judged]
        unlike = tuple(act for act in acts if act not in _LIKE_A_YES)
        if is_order(clauses, self._cues):
            return reaction, unlike
        if len(WORD.findall(self._text)) > MAX_WORDS:
            return reaction, acts
        plain = plain and is_plain(clauses, tones)
        plain = plain and not (reaction is Reaction.NONE and any(map(is_dropping, judged)))
        likeness = answers.judge(mask(self._text, self._mentions))
        if reaction is Reaction.YES and plain and likeness.yes < SURE_YES and last.start > 0:
            likeness = max(likeness, answers.judge(last.text), key=lambda each: each.yes)  # "well, fine. Yes, do"
        bare = all(self._cues.assent.fullmatch(normalized(each.text).text) for each in clauses)
        weighs = weighed(reaction, likeness, plain=plain, wishes=wishes, leaves="goodbye" in acts and not bare)
        doubtful = any(map(is_withdrawal, judged)) or not _PUTS_OFF.isdisjoint(acts)
        if weighs is Reaction.YES and doubtful and likeness.yes < SURE_YES:
            return Reaction.MIXED, acts
        return weighs, unlike if weighs is not reaction and weighs is Reaction.YES else acts

    def _in_run_ons(self, judged: Sequence[Judged], judge: ClauseJudge, polarity: PolarityOf) -> tuple[Wish, ...]:
        """The wishes within long sentences without pauses that as a whole say nothing certain."""
        found: list[Wish] = []
        for members in unpaused(self._text, judged):
            first, last = members[0].clause, members[-1].clause
            whole = replace(first, end=last.end, text=self._text[first.start : last.end], joint="")
            parts = [part for part in judge.judge(windows_of(whole)) if not part.judgement.is_act]
            best = max(parts, key=lambda part: part.judgement.certainty, default=None)
            if best is not None and best.judgement.certainty >= _SURE_WINDOW:
                within = max(members, key=lambda each: shared(each.clause, best.clause))
                found.append(wish_of(replace(within, judgement=best.judgement), polarity))
        return merged(found)

    def _facts(self, judged: Sequence[Judged], wishes: Sequence[Wish]) -> tuple[str, ...]:
        """The clauses that tell an amount, a day or a number: "it's 84.50 instead of 48.50"."""
        values = [each for each in self._mentions if each.format in _FACTS and each.field is None]
        return tuple(
            each.clause.text
            for each in judged
            if any(within(value, each.clause) for value in values)
            and (each.judgement.label == "inform" or not is_certain_act(each))
            and not any(each.clause.text in wish.text for wish in wishes)
        )

    def _declines(self, clause: Clause) -> bool:
        """Whether a clause says that something is not known or not told; a no to a confirmation is none."""
        return self._cues.declines.fullmatch(normalized(clause.text).text.strip(" ,.!")) is not None

    def _condition(self, clause: Clause) -> str | None:
        """The condition in a clause. An address is none: "au 5 cour des Ormes"."""
        condition = condition_of(clause, self._cues)
        addresses = [each.value for each in self._mentions if each.format == "postal_address"]
        if condition and self._is_value(clause, condition):
            return None
        rest = condition or ""
        for each in addresses:
            rest = rest.replace(each, "")
        return None if condition and rest != condition and len(WORD.findall(rest)) <= 1 else condition

    def _is_value(self, clause: Clause, condition: str) -> bool:
        """Whether what seems a condition is the value of a field: a day or time that it begins with ("on 5 December at
        eight"), or a code that its cue is a part of.
        """
        start = clause.start + max(clause.text.find(condition), 0)
        return any(
            (each.format in _WHEN and each.field is not None and 0 <= each.start - start <= _MAX_CUE)
            or (each.format == "account_id" and each.start <= start < each.end)
            for each in self._mentions
        )


def condition_of_wish(wish: Wish, clauses: Sequence[Clause], conditions: Sequence[str | None]) -> str | None:
    """The condition in the wish's own clauses, or in a clause that begins with one behind it."""
    own = [found for clause, found in zip(clauses, conditions, strict=True) if found and clause.text in wish.text]
    if own:
        return own[0]
    last = max((number for number, clause in enumerate(clauses) if clause.text in wish.text), default=-1)
    behind = conditions[last + 1 : last + 2]
    return behind[0] if behind else None


def _sentences(text: str, clauses: Sequence[Clause]) -> list[Clause]:
    """The sentences of several clauses, where the utterance is more than that one."""
    numbers = [clause.sentence for clause in clauses]
    found = []
    for number in dict.fromkeys(numbers):
        members = [clause for clause in clauses if clause.sentence == number]
        if len(members) > 1:
            start, end = members[0].start, members[-1].end
            found.append(Clause(start, end, text[start:end], number, members[0].asked, members[0].joint))
    return found
