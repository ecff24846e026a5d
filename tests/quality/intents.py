"""Accuracy of the scripted engine's intent recognition: ``python -m tests.quality.intents``."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from db.agents.builtin import builtin_agents
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Understanding

_UTTERANCES = Path(__file__).with_suffix(".toml")
_AGENT = builtin_agents()["billing_agent"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One utterance, the intent that a person gave it, and what was understood: wishes, then acts, "" for nothing."""

    text: str
    expected: str
    found: str
    score: float

    @property
    def exact(self) -> bool:
        return self.found == self.expected

    @property
    def same_scenario(self) -> bool:
        """Right for what is filed where: a refund taken for a billing question still gets to billing."""
        return scenario_of(self.found) == scenario_of(self.expected)


def scenario_of(intent: str) -> str:
    """The scenario of an intent; an act of the dialogue is its own."""
    definition = _AGENT.intent(intent)
    return (definition.scenario if definition else None) or intent


def evaluate(understander: Understander, language: str) -> list[Outcome]:
    """Every utterance of a language that is no example of the agent, understood."""
    table: dict[str, list[str]] = tomllib.loads(_UTTERANCES.read_text())[language]
    known = {text.lower() for each in _AGENT.intents for text in each.examples.get(language, ())}
    return [
        _outcome(text, intent, understander.understand(text, language, _AGENT))
        for intent, texts in table.items()
        for text in texts
        if text.lower() not in known
    ]


def _outcome(text: str, expected: str, understood: Understanding) -> Outcome:
    best = max(understood.wishes, key=lambda wish: wish.score, default=None)
    if best is not None:
        return Outcome(text, expected, best.intent, best.score)
    if expected in understood.acts:
        return Outcome(text, expected, expected, 1.0)
    if understood.unsure and expected == "unclear":
        return Outcome(text, expected, expected, 1.0)
    return Outcome(text, expected, next(iter(understood.acts), ""), 0.0)


def share(outcomes: list[Outcome], *, exact: bool) -> float:
    """The share understood, 0..1."""
    return sum(item.exact if exact else item.same_scenario for item in outcomes) / len(outcomes)


def main() -> None:
    understander = Understander(Encoder(threads=2), Path(tempfile.gettempdir()) / "voxloom-prototypes")
    for language in tomllib.loads(_UTTERANCES.read_text()):
        outcomes = evaluate(understander, language)
        sys.stdout.write(
            f"{language}: {len(outcomes)} utterances, intent {share(outcomes, exact=True):.0%}, "
            f"scenario {share(outcomes, exact=False):.0%}\n"
        )
        for item in outcomes:
            if not item.exact:
                sys.stdout.write(f"  {item.expected} -> {item.found or 'nothing'} {item.score:.2f}: {item.text}\n")


if __name__ == "__main__":
    main()
