"""What the rest of an utterance makes of its wishes: settled, taken back, or part of another wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.clause_judge import scenario_of, within
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.wishes import Judged, is_withdrawal
from inference.engines.scripted.values import Mention, Polarity, Wish

#: Formats of values that say who it is.
_IDENTITY = frozenset({"person_name", "account_id"})
#: Share of a wish's words that are a value of another one.
_COVERED = 0.6


class WishRevision:
    """For the wishes of one utterance. ``mentions``: the values in its text."""

    def __init__(self, text: str, agent: AgentDefinition, mentions: Sequence[Mention]) -> None:
        self._text = text
        self._agent = agent
        self._mentions = mentions

    def revised(self, wishes: tuple[Wish, ...], judged: Sequence[Judged]) -> tuple[Wish, ...]:
        """The wishes by what is said behind them."""
        return self._withdrawn(self._settled(wishes, judged), judged)

    def _settled(self, wishes: tuple[Wish, ...], judged: Sequence[Judged]) -> tuple[Wish, ...]:
        """A matter that is settled in a later clause is, under whichever intent of its scenario it was said before."""
        settled = [each for each in judged if each.tone.settled]
        if not settled:
            return wishes
        place = {wish.intent: self._text.find(wish.text) for wish in wishes}
        over = {scenario_of(self._agent, wish.intent) for wish in wishes if wish.polarity is Polarity.SETTLED}
        last = settled[-1].clause.start
        return tuple(
            replace(wish, polarity=Polarity.SETTLED)
            if wish.polarity is Polarity.WANTED
            and place[wish.intent] < last
            and (scenario_of(self._agent, wish.intent) in over or not over)
            else wish
            for wish in wishes
        )

    def without_values(self, wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
        """What a text of another wish says is none by itself: "cancel it because you keep raising the prices"."""
        wanted = [each for each in wishes if each.polarity is Polarity.WANTED]

        def is_value(wish: Wish) -> bool:
            start = self._text.find(wish.text)
            others = [
                self._agent.scenario(scenario_of(self._agent, each.intent)) for each in wanted if each is not wish
            ]
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
        return any(each.format not in _IDENTITY and within(each, clause) for each in self._mentions)
