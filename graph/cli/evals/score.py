"""Figures over many verdicts: conversations right, intents right, F1 of entities, and what must never happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from graph.evals.check import Verdict
from graph.evals.conversation import Conversation


@dataclass(slots=True)
class Score:
    """``about``: how many conversations missed something of this kind (``graph.evals.check``)."""

    conversations: int = 0
    right: int = 0
    labelled: int = 0
    understood: int = 0
    true: int = 0
    wrong: int = 0
    missed: int = 0
    about: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.conversations += 1
        self.right += not verdict.misses
        self.labelled += len(verdict.intents)
        self.understood += sum(found in allowed for allowed, found in verdict.intents)
        self.true += verdict.true_entities
        self.wrong += verdict.wrong_entities
        self.missed += verdict.missed_entities
        self.about.update({miss.about for miss in verdict.misses})

    @property
    def share_right(self) -> float:
        return self.right / self.conversations if self.conversations else 0.0

    @property
    def intents(self) -> float | None:
        """The share of labelled lines whose intent was understood; None without any."""
        return self.understood / self.labelled if self.labelled else None

    @property
    def f1(self) -> float | None:
        """F1 of entities: harmonic mean of precision and recall; None without any."""
        total = 2 * self.true + self.wrong + self.missed
        return 2 * self.true / total if total else None


def scores(judged: Sequence[tuple[Conversation, Verdict]]) -> dict[str, Score]:
    """Scores by kind, by language, of spoken and written ones, and of all, by their titles, in this order."""
    table: dict[str, Score] = {}
    kinds = sorted({conversation.kind for conversation, _ in judged})
    languages = sorted({conversation.language for conversation, _ in judged})
    for title in [*kinds, *languages, "spoken", "written", "all"]:
        table[title] = Score()
    for conversation, verdict in judged:
        spoken = any(line.say is None for line in conversation.turns)
        for title in (conversation.kind, conversation.language, "spoken" if spoken else "written", "all"):
            table[title].add(verdict)
    return {title: score for title, score in table.items() if score.conversations}
