"""F1 of the values read out of utterances, by field: ``python -m tests.quality.mentions [tune|held]``.

Utterances and their values are in ``mentions.yaml``. A value counts as found if its field and, but for case, spaces and
full stops, its text are right; every other value with a field is invented.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from db.agents.definition import AgentDefinition
from inference.engines.scripted.mentions import find_mentions
from inference.engines.scripted.values import Expectation, Mention

TODAY = dt.date(2026, 11, 26)
_UTTERANCES = Path(__file__).with_suffix(".yaml")
_AGENT = Path(__file__).with_name("mentions_agent.yaml")


@cache
def agent() -> AgentDefinition:
    """An agent with a field of every format."""
    return AgentDefinition.model_validate(yaml.safe_load(_AGENT.read_text()))


def expectation(asked: list[str]) -> Expectation:
    """What a question for these fields expects."""
    formats = {"name": "person_name", "phone": "phone", "account_id": "account_id"}
    for scenario in agent().scenarios:
        formats |= {name: each.format for name, each in scenario.fields.items() if each.format}
    return Expectation(tuple(asked), tuple(formats.get(name) for name in asked))


@dataclass(slots=True)
class Score:
    """Counts of values. ``wrong``: utterances with a missed or an invented value, as lines to print."""

    found: int = 0
    missed: int = 0
    invented: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1."""
        return 2 * self.found / max(1, 2 * self.found + self.missed + self.invented)


def values(mentions: tuple[Mention, ...]) -> dict[str, str]:
    """The last value of each field that was not taken back."""
    return {each.field: each.value for each in mentions if each.field and not each.retracted}


def _plain(value: str) -> str:
    return " ".join(value.casefold().replace(".", "").split())


def evaluate(part: str, language: str) -> Score:
    """Every utterance of a language in a part: "tune", "held" or "all"."""
    score = Score()
    table: dict[str, list[dict[str, Any]]] = yaml.safe_load(_UTTERANCES.read_text())
    for at, item in enumerate(table[language]):
        if part != "all" and (part == "tune") != (at % 2 == 0):
            continue
        mentions = find_mentions(item["say"], language, agent(), expectation(item.get("asked", [])), TODAY)
        got = {name: _plain(value) for name, value in values(mentions).items()}
        want = {name: _plain(str(value)) for name, value in item["want"].items()}
        right = {name for name in want if got.get(name) == want[name]}
        score.found += len(right)
        score.missed += len(want) - len(right)
        score.invented += len(got) - len(right)
        if len(right) < max(len(want), len(got)):
            score.wrong.append(f"  {item['say']}\n    want {want}\n    got  {got}")
    return score


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else "all"
    for language in yaml.safe_load(_UTTERANCES.read_text()):
        score = evaluate(part, language)
        sys.stdout.write(f"{language}: F1 {score.f1:.3f}, missed {score.missed}, invented {score.invented}\n")
        if part == "tune":
            sys.stdout.write("\n".join([*score.wrong, ""]))


if __name__ == "__main__":
    main()
