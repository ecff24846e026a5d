"""Questions to a document with the real model: found where it answers them, and an honest none where it does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from inference.engines.scripted.e5 import E5
from inference.knowledge.embedder import E5Embedder
from inference.knowledge.passages import Passage, cut

_HOUSE = Path(__file__).parents[3] / "examples/agents/restaurant/house.md"

#: Questions by the heading of their answer; None: the document has none.
_QUESTIONS: dict[str | None, tuple[str, ...]] = {
    "Getting here": ("where can we leave the car", "wo parke ich am besten", "¿hay aparcamiento cerca?"),
    "Dogs and children": (
        "is my dog allowed inside",
        "do you have a menu for kids",
        "mon chien peut-il venir",
        "क्या मैं अपना कुत्ता ला सकता हूँ",
    ),
    "Paying": ("do you take credit cards", "kann ich mit EC-Karte bezahlen", "¿puedo pagar con tarjeta de crédito?"),
    "Allergies": ("can you cook without nuts", "gibt es glutenfreies Brot", "avez-vous du pain sans gluten"),
    None: (
        "who won the world cup",
        "my router does not work",
        "what is the password of the wifi",
        "wie ist das Wetter morgen",
        "cuánto cuesta un billete de avión",
        "quelle est la capitale de l'Italie",
        "मेरा बिल गलत है",
        "I want to cancel my contract",
    ),
}


@cache
def _model() -> E5:
    return E5()


def _nearest(question: str) -> Passage | None:
    passages = cut(_HOUSE.read_text())
    owners = [passage for passage in passages for _ in passage.embedded]
    vectors = _model().encode([each for passage in passages for each in passage.embedded], "passage")
    near = (_model().encode([question], "query") @ vectors.T)[0]
    best = int(np.argmax(near))
    embedder = E5Embedder()
    is_near = embedder.is_near(float(near[best]), usual=float(near.mean()), texts=len(owners))
    embedder.close()
    return owners[best] if is_near else None


def test_passages_that_answer_are_found_and_others_seldom() -> None:
    """Of questions in other words or languages than the document's some are missed: then the reply says that the
    documents tell nothing. What is found must be the passage that answers.
    """
    found = {heading: [_nearest(each) for each in some] for heading, some in _QUESTIONS.items()}
    nothing = found.pop(None)
    assert sum(each is not None for each in nothing) <= 1
    answered = [(heading, each) for heading, some in found.items() for each in some if each is not None]
    assert all(each.heading.rpartition(" > ")[2] == heading for heading, each in answered)
    assert len(answered) >= 9
    of_english = [_nearest(some[0]) for heading, some in _QUESTIONS.items() if heading]
    assert all(of_english), "questions in the document's language"
