"""One utterance on its way to being understood: language, mentions, clauses, wishes, acts and the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from db.agents.definition import AgentDefinition
from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.mentions import find_mentions, mask
from inference.engines.scripted.understanding.agent_model import AgentModel
from inference.engines.scripted.understanding.answer_model import MAX_WORDS, AnswerModel, is_plain, weighed
from inference.engines.scripted.understanding.answers import reaction_of
from inference.engines.scripted.understanding.beside_values import beside_values
from inference.engines.scripted.understanding.clauses import Clause, split_clauses
from inference.engines.scripted.understanding.conditions import condition_of
from inference.engines.scripted.understanding.cues import Cues, cues
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.intents import Judgement
from inference.engines.scripted.understanding.language import language_of
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.overtaken import overtaken, stated
from inference.engines.scripted.understanding.polarity import Examples, affirmative, polarity_of, spread, tone_of
from inference.engines.scripted.understanding.priority import with_priorities, without_rankings
from inference.engines.scripted.understanding.prototypes import clean
from inference.engines.scripted.understanding.run_ons import shared, unpaused, windows_of
from inference.engines.scripted.understanding.wishes import (
    MIN_CLAUSE_SCORE,
    Judged,
    PolarityOf,
    acts_of,
    is_certain_act,
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
#: Formats of values that say who it is.
_IDENTITY = frozenset({"person_name", "account_id"})
#: Formats of values that say when, and most characters before one that is no condition.
_WHEN = frozenset({"date", "time"})
_MAX_CUE = 8
#: Mentions of these formats are whole phrases: a clause may end within them.
_LONG_FORMATS = frozenset({"text", "enum"})
#: Share of a wish's words that are a value of another one.
_COVERED = 0.6
#: Words beside a value from which a clause may ask for something; fewer only name the value: "the Gold plan".
_MIN_WORDS_AROUND = 3
#: Probability from which a window of a long clause has its wish.
_SURE_WINDOW = 0.8
#: Acts that a yes to a confirmation may look like: "go on then".
_LIKE_A_YES = frozenset({"nevermind", "goodbye", "unclear"})


class Utterance:
    """One utterance on its way to being understood."""

    def __init__(
        self,
        text: str,
        language: str,
        agent: AgentDefinition,
        encoder: Encoder,
        vocabulary: Mapping[str, Sequence[str]],
    ) -> None:
        self._text = text
        self._language, self._unsupported = language_of(text, language, agent.languages, vocabulary)
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
        judged = self._judged(clauses, model)
        larger: list[Judged] = []

        def judge_larger(number: int | None) -> Judged | None:
            if number not in sentences:
                return None
            larger.extend(self._judged([sentences[number]], model))
            return larger[-1]

        def polarity(intent: str, each: Judged) -> Polarity:
            return polarity_of(each.tone, self._examples(intent, each, model))

        wishes = self._withdrawn(self._settled_before(wishes_of(judged, judge_larger, polarity), judged), judged)
        wishes = without_rankings(without_sighs(wishes, judged), judged, self._cues)
        wishes = self._without_values(wishes) or self._in_run_ons(judged, model, polarity)
        wishes, priority = with_priorities(judged, wishes, self._cues)
        wishes = overtaken(wishes, judged, self._cues)
        acts = acts_of(judged, larger)
        best = max((*judged, *larger), key=lambda each: each.judgement.score)
        conditions = [self._condition(each) for each in clauses]
        masked = mask(text, self._mentions)
        tones = [each.tone for each in judged]
        reaction = reaction_of(clauses, tones, self._cues)
        if reaction is Reaction.QUESTION:  # "one moment, what does it cost?" waits for the answer
            acts = tuple(act for act in acts if act != "wait")
        if expected.binds and count <= MAX_WORDS:
            plain = not self._mentions and not any(conditions) and is_plain(clauses, tones)
            likeness = answers.judge(masked)
            weighs = weighed(reaction, likeness, plain=plain, wishes=bool(wishes), leaves="goodbye" in acts)
            if weighs is not reaction and weighs is Reaction.YES:
                acts = tuple(act for act in acts if act not in _LIKE_A_YES)
            reaction = weighs
        said = normalized(text).text
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
            corrects=self._cues.corrections.search(said) is not None,
            declines=not expected.confirms and any(map(self._declines, clauses)),
            unsure=not wishes and not acts and reaction is Reaction.NONE,
            priority=priority,
            words=count,
            masked=masked,
            facts=self._facts(judged, wishes),
            scores=best.judgement.scores,
        )

    def _in_run_ons(self, judged: Sequence[Judged], model: AgentModel, polarity: PolarityOf) -> tuple[Wish, ...]:
        """The wishes within long sentences without pauses that as a whole say nothing certain."""
        found: list[Wish] = []
        for members in unpaused(self._text, judged):
            first, last = members[0].clause, members[-1].clause
            whole = replace(first, end=last.end, text=self._text[first.start : last.end], joint="")
            parts = [part for part in self._judged(windows_of(whole), model) if not part.judgement.is_act]
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
            if any(_within(value, each.clause) for value in values)
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

    def _masked(self, clause: Clause) -> str:
        inside = [each for each in self._mentions if clause.start <= each.start and each.end <= clause.end]
        moved = [replace(each, start=each.start - clause.start, end=each.end - clause.start) for each in inside]
        return mask(clause.text, tuple(moved))

    def _judged(self, clauses: Sequence[Clause], model: AgentModel) -> list[Judged]:
        judged = model.judge([self._masked(each) for each in clauses], english=self._language == "en")
        judged = [self._beside_values(*each, model) for each in zip(clauses, judged, strict=True)]
        judgements = [self._with_values(*each, model) for each in zip(clauses, judged, strict=True)]
        tones = spread([tone_of(each, self._cues) for each in clauses], clauses, self._cues)
        dependent = [self._cues.subordinators.match(normalized(each.text).text) is not None for each in clauses]
        found = [Judged(*each) for each in zip(clauses, tones, judgements, dependent, strict=True)]
        return [stated(each) for each in found]

    def _beside_values(self, clause: Clause, judgement: Judgement, model: AgentModel) -> Judgement:
        """The judgement; of a clause whose values alone seem to say something, that of the words beside them.

        "I need an oil change on 4 December" looks like information for its date, "where is PX-40217" for its number.
        The words count if they ask for a scenario with fields for these values.
        """
        if judgement.label != "inform" or not judgement.is_act:
            return judgement
        values = [each for each in self._mentions if _within(each, clause)]
        text = beside_values(clause, values, self._agent, self._language)
        if text is None:
            return judgement
        beside = model.judge([text], english=self._language == "en")[0]
        if beside.is_act or beside.score < MIN_CLAUSE_SCORE:
            return judgement
        scenario = self._agent.scenario(self._scenario(beside.label))
        formats = {field.format for field in scenario.fields.values()} if scenario else set()
        return beside if any(each.format in formats for each in values) else judgement

    def _with_values(self, clause: Clause, judgement: Judgement, model: AgentModel) -> Judgement:
        """The judgement with what the values in a clause tell: a plan's name belongs to a change of plan."""
        count = len(WORD.findall(clause.text))
        named = {
            model.named_in.get(each.field or "")
            for each in self._mentions
            if _within(each, clause) and _is_named(len(WORD.findall(each.value)), count)
        } - {None}
        for scenario in named:
            judgement = judgement.given(self._agent.intents_of(scenario or ""))
        return judgement

    def _examples(self, intent: str, judged: Judged, model: AgentModel) -> Examples:
        examples = model.examples[intent]
        definition = self._agent.intent(intent)
        scenario = self._agent.scenario(definition.scenario) if definition and definition.scenario else None

        def encode() -> Vectors:
            text = judged.clause.text
            return self._encoder.e5.encode([clean(text), affirmative(text, self._cues)])

        return Examples(
            examples.deny,
            examples.inquire,
            examples.ask_if_done,
            scenario is not None and scenario.confirm,
            lambda: examples.belonging(judged.clause.text, self._language, encode),
        )

    def _settled_before(self, wishes: tuple[Wish, ...], judged: Sequence[Judged]) -> tuple[Wish, ...]:
        """A matter that is settled in a later clause is, under whichever intent of its scenario it was said before."""
        settled = [each for each in judged if each.tone.settled]
        if not settled:
            return wishes
        place = {wish.intent: self._text.find(wish.text) for wish in wishes}
        over = {self._scenario(wish.intent) for wish in wishes if wish.polarity is Polarity.SETTLED}
        last = settled[-1].clause.start
        return tuple(
            replace(wish, polarity=Polarity.SETTLED)
            if wish.polarity is Polarity.WANTED
            and place[wish.intent] < last
            and (self._scenario(wish.intent) in over or not over)
            else wish
            for wish in wishes
        )

    def _without_values(self, wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
        """What a text of another wish says is none by itself: "cancel it because you keep raising the prices"."""
        wanted = [each for each in wishes if each.polarity is Polarity.WANTED]

        def is_value(wish: Wish) -> bool:
            start = self._text.find(wish.text)
            others = [self._agent.scenario(self._scenario(each.intent)) for each in wanted if each is not wish]
            fields = {name for scenario in others if scenario for name in scenario.fields}
            return any(
                each.format == "text"
                and each.field in fields
                and min(each.end, start + len(wish.text)) - max(each.start, start) >= _COVERED * len(wish.text)
                for each in self._mentions
            )

        return tuple(
            replace(each, polarity=Polarity.REMOTE) if not each.requested and is_value(each) else each
            for each in wishes
        )

    def _withdrawn(self, wishes: tuple[Wish, ...], judged: Sequence[Judged]) -> tuple[Wish, ...]:
        """A wish is denied by "never mind" or "don't do it" behind it."""
        holding = {
            each.clause.sentence for each in judged if self._has_value(each.clause)
        }  # "scratch that, Family 500"
        taken_back = [each for each in judged if is_withdrawal(each) and each.clause.sentence not in holding]
        last = max((each.clause.start for each in taken_back), default=-1)
        refused = any(each.tone.refuses for each in taken_back)  # "don't use it any more" may be a reason
        return tuple(
            replace(wish, polarity=Polarity.DENIED if refused else Polarity.DOUBTFUL)
            if wish.polarity is Polarity.WANTED
            and self._text.find(wish.text.split(" ")[0]) < last
            and self._text.find(wish.text[-12:]) < last
            else wish
            for wish in wishes
        )

    def _has_value(self, clause: Clause) -> bool:
        """Whether a clause holds a value that is not the customer's own: "scratch that, Family 500"."""
        return any(each.format not in _IDENTITY and _within(each, clause) for each in self._mentions)

    def _scenario(self, intent: str) -> str:
        definition = self._agent.intent(intent)
        return definition.scenario or intent if definition else intent


def _is_named(words: int, count: int) -> bool:
    """Whether a clause of ``count`` words asks for something named in ``words`` of them. A value that is most of its
    clause is the wish itself, in the customer's words.
    """
    return count - words >= _MIN_WORDS_AROUND and words * 2 <= count


def _within(mention: Mention, clause: Clause) -> bool:
    return clause.start <= mention.start and mention.end <= clause.end and not mention.retracted


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
