"""Accuracy of the scripted engine's intent recognition: ``python -m tests.quality.intents``."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from inference.engines.scripted.entities import find_entities
from inference.engines.scripted.intents import SCENARIO_OF, IntentClassifier, Prediction
from inference.engines.scripted.lexicon import lexicon

_UTTERANCES = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One utterance, the intent that a person gave it, and the model's."""

    text: str
    expected: str
    prediction: Prediction

    @property
    def exact(self) -> bool:
        return self.prediction.intent == self.expected

    @property
    def same_scenario(self) -> bool:
        """Right for what is filed where: a refund taken for a billing question still gets to billing."""
        return SCENARIO_OF.get(self.prediction.intent, self.prediction.intent) == SCENARIO_OF.get(
            self.expected, self.expected
        )


def evaluate(model: IntentClassifier, language: str) -> list[Outcome]:
    """Every utterance of a language, understood."""
    table: dict[str, list[str]] = tomllib.loads(_UTTERANCES.read_text())[language]
    pairs = [(text, intent) for intent, texts in table.items() for text in texts]
    predictions = model.predict([find_entities(text, lexicon(language)).masked for text, _ in pairs], language)
    return [Outcome(text, intent, prediction) for (text, intent), prediction in zip(pairs, predictions, strict=True)]


def share(outcomes: list[Outcome], *, exact: bool) -> float:
    """The share understood, 0..1."""
    return sum(item.exact if exact else item.same_scenario for item in outcomes) / len(outcomes)


def main() -> None:
    model = IntentClassifier(threads=2)
    for language in tomllib.loads(_UTTERANCES.read_text()):
        outcomes = evaluate(model, language)
        sys.stdout.write(
            f"{language}: {len(outcomes)} utterances, intent {share(outcomes, exact=True):.0%}, "
            f"scenario {share(outcomes, exact=False):.0%}\n"
        )
        for item in outcomes:
            if not item.exact:
                scores = f"{item.prediction.score:.2f} +{item.prediction.margin:.2f}"
                sys.stdout.write(f"  {item.expected} -> {item.prediction.intent} {scores}: {item.text}\n")


if __name__ == "__main__":
    main()
