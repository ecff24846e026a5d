"""Judges the clauses of an utterance: which intent each is likest, by its words and by the values in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from db.agents.definition import AgentDefinition
from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.mentions import mask
from inference.engines.scripted.understanding.agent_model import AgentModel
from inference.engines.scripted.understanding.around_identity import around_identity
from inference.engines.scripted.understanding.beside_values import beside_values
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.intents import Judgement
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.overtaken import stated
from inference.engines.scripted.understanding.polarity import Examples, Tone, affirmative, spread, tone_of
from inference.engines.scripted.understanding.prototypes import clean
from inference.engines.scripted.understanding.wishes import MIN_CLAUSE_SCORE, Judged
from inference.engines.scripted.values import Mention

#: Words beside a value from which a clause may ask for something; fewer only name the value: "the Gold plan".
_MIN_WORDS_AROUND = 3
#: Probability from which a part of a clause has its wish.
_SURE_PART = 0.7
#: Formats of values that tell what a clause may be about, how much likelier they make the scenarios that have such a
#: field, and least words beside them: "despiérteme | mañana a las seis".
_TELLING = frozenset({"date", "time", "money", "enum"})
_EVIDENCE_OF_FORMAT = 4.0
_MIN_WORDS_BESIDE = 1


class ClauseJudge:
    """For the clauses of one utterance. ``mentions``: the values in it."""

    def __init__(
        self,
        agent: AgentDefinition,
        model: AgentModel,
        encoder: Encoder,
        language: str,
        mentions: Sequence[Mention],
    ) -> None:
        self._agent = agent
        self._model = model
        self._encoder = encoder
        self._cues = cues(language)
        self._language = language
        self._mentions = mentions

    def judge(self, clauses: Sequence[Clause]) -> list[Judged]:
        """The clauses, or sentences, with their judgements and tones."""
        judged = self._model.judge([self._masked(each) for each in clauses], english=self._language == "en")
        judged = [self._around_identity(*each) for each in zip(clauses, judged, strict=True)]
        judged = [self._beside_values(*each) for each in zip(clauses, judged, strict=True)]
        judgements = [self._with_values(*each) for each in zip(clauses, judged, strict=True)]
        tones = spread([tone_of(each, self._cues) for each in clauses], clauses, self._cues)
        dependent = [self._cues.subordinators.match(normalized(each.text).text) is not None for each in clauses]
        judgements = [self._asked(*each) for each in zip(judgements, tones, strict=True)]
        found = [Judged(*each) for each in zip(clauses, tones, judgements, dependent, strict=True)]
        return [stated(each) for each in found]

    def examples(self, intent: str, judged: Judged) -> Examples:
        """What the intent's examples say of its polarity in a clause."""
        examples = self._model.examples[intent]
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

    def _masked(self, clause: Clause) -> str:
        inside = [each for each in self._mentions if clause.start <= each.start and each.end <= clause.end]
        moved = [replace(each, start=each.start - clause.start, end=each.end - clause.start) for each in inside]
        return mask(clause.text, tuple(moved))

    def _around_identity(self, clause: Clause, judgement: Judgement) -> Judgement:
        """The judgement; of a clause that says nothing certain, that of its part before or behind who it is."""
        if not judgement.is_act and judgement.score >= MIN_CLAUSE_SCORE:
            return judgement
        parts = around_identity(clause, self._mentions)
        if not parts:
            return judgement
        judged = self._model.judge([part.text for part in parts], english=self._language == "en")
        best = max(judged, key=lambda each: 0.0 if each.is_act else each.score)
        return best if not best.is_act and best.score >= _SURE_PART else judgement

    def _beside_values(self, clause: Clause, judgement: Judgement) -> Judgement:
        """The judgement; of a clause whose values alone seem to say something, that of the words beside them.

        "I need an oil change on 4 December" looks like information for its date, "where is PX-40217" for its number.
        The words count if they ask for a scenario with fields for these values.
        """
        if judgement.label != "inform" or not judgement.is_act:
            return judgement
        values = [each for each in self._mentions if within(each, clause)]
        text = beside_values(clause, values, self._agent, self._language)
        if text is None:
            return judgement
        beside = self._model.judge([text], english=self._language == "en")[0]
        if beside.is_act or beside.score < MIN_CLAUSE_SCORE:
            return judgement
        scenario = self._agent.scenario(scenario_of(self._agent, beside.label))
        formats = {field.format for field in scenario.fields.values()} if scenario else set()
        return beside if any(each.format in formats for each in values) else judgement

    def _with_values(self, clause: Clause, judgement: Judgement) -> Judgement:
        """The judgement with what the values in a clause tell: a plan's name belongs to a change of plan."""
        count = len(WORD.findall(clause.text))
        named = {
            self._model.named_in.get(each.field or "")
            for each in self._mentions
            if within(each, clause) and _is_named(len(WORD.findall(each.value)), count)
        } - {None}
        for scenario in named:
            judgement = judgement.given(self._agent.intents_of(scenario or ""))
        return judgement.given(self._fitting(clause, count), _EVIDENCE_OF_FORMAT)

    def _asked(self, judgement: Judgement, tone: Tone) -> Judgement:
        """The judgement; a statement is no question: "it is Saturday" does not ask whether one is open."""
        intent = self._agent.intent(judgement.label)
        if intent is None or intent.scenario is not None or tone.question or tone.inquires or tone.requests:
            return judgement
        return judgement.without(intent.name) if self._model.examples[intent.name].only_ask else judgement

    def _fitting(self, clause: Clause, count: int) -> Collection[str]:
        """The intents of scenarios that have a field for a day, time, amount or choice in a clause."""
        values = [each for each in self._mentions if each.format in _TELLING and within(each, clause)]
        said = [clause.text[each.start - clause.start : each.end - clause.start] for each in values]
        if count - sum(len(WORD.findall(each)) for each in said) < _MIN_WORDS_BESIDE:
            return ()
        formats = {each.format for each in values}
        having = [each for each in self._agent.scenarios if formats & {field.format for field in each.fields.values()}]
        return [intent for each in having for intent in self._agent.intents_of(each.name)]


def within(mention: Mention, clause: Clause) -> bool:
    """Whether a value stands in a clause, and is not said to be wrong."""
    return clause.start <= mention.start and mention.end <= clause.end and not mention.retracted


def scenario_of(agent: AgentDefinition, intent: str) -> str:
    """The scenario of an intent; its own name if it has none."""
    definition = agent.intent(intent)
    return definition.scenario or intent if definition else intent


def _is_named(words: int, count: int) -> bool:
    """Whether a clause of ``count`` words asks for something named in ``words`` of them. A value that is most of its
    clause is the wish itself, in the customer's words.
    """
    return count - words >= _MIN_WORDS_AROUND and words * 2 <= count
