"""Understanding of whole utterances, with a definition of its own and the built-in one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import NOTHING_ASKED

_BAKERY = AgentDefinition.model_validate(
    {
        "name": "bakery",
        "description": "Takes orders of cakes.",
        "languages": ["en"],
        "instructions": "You sell cakes.",
        "intents": [
            {"name": "order_cake", "examples": {"en": ["I want to order a cake", "a birthday cake for ten please"]}},
            {"name": "opening_hours", "examples": {"en": ["when are you open", "what are your opening hours"]}},
        ],
    }
)


def test_intents_are_those_of_the_definition(understander: Understander) -> None:
    (wish,) = understander.understand("could I order a chocolate cake", "en", _BAKERY).wishes
    assert wish.intent == "order_cake"
    assert not understander.understand("my internet is down", "en", _BAKERY).wishes


@pytest.mark.parametrize("text", ["", "   ", "...", "!?", "\u200b"])
def test_no_words_are_nothing(understander: Understander, billing_agent: AgentDefinition, text: str) -> None:
    understood = understander.understand(text, "en", billing_agent)
    assert (understood.words, understood.wishes, understood.acts, understood.unsure) == (0, (), (), False)


def test_the_same_utterance_is_understood_once_and_the_same_by_every_thread(
    understander: Understander, billing_agent: AgentDefinition
) -> None:
    texts = [f"please cancel contract number {number}" for number in range(8)] * 4
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda text: understander.understand(text, "en", billing_agent, NOTHING_ASKED), texts))
    assert len({id(each) for each in results[:8]}) == 8
    assert results[:8] == results[8:16] == results[16:24] == results[24:]


def test_after_warming_the_first_message_waits_for_no_fit(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = Understander(encoder)
    warm.warm(_BAKERY)
    monkeypatch.setattr(np.linalg, "solve", None)
    (wish,) = warm.understand("could I order a chocolate cake", "en", _BAKERY).wishes
    assert wish.intent == "order_cake"


def test_memory_is_bounded(understander: Understander) -> None:
    for number in range(70):
        intent = _BAKERY.intents[0].model_copy(update={"name": f"intent_{number}", "examples": {"it": ["una torta"]}})
        understander.understand(
            "una torta", "en", _BAKERY.model_copy(update={"languages": ["it"], "intents": [intent]})
        )
    assert len(understander._models) <= 16
    assert len(understander._checksums) <= 64


class _Counting(Encoder):
    def __init__(self, encoder: Encoder) -> None:
        self.__dict__.update(encoder.__dict__)
        self.texts = 0

    def encode(self, texts, *, english):  # type: ignore[no-untyped-def]
        self.texts += len(texts)
        return super().encode(texts, english=english)


def test_vectors_of_prototypes_are_kept_on_disk_and_a_damaged_file_is_made_again(
    encoder: Encoder, tmp_path: Path
) -> None:
    first, second, third = _Counting(encoder), _Counting(encoder), _Counting(encoder)
    Understander(first, tmp_path).prepare(_BAKERY)
    Understander(second, tmp_path).prepare(_BAKERY)
    assert first.texts > 4
    assert second.texts == 0
    (file, *_) = sorted(tmp_path.glob("*.npz"), key=lambda each: each.stat().st_size)
    file.write_bytes(file.read_bytes()[:-200])
    Understander(third, tmp_path).prepare(_BAKERY)
    assert 0 < third.texts < first.texts


def test_processes_that_start_together_make_the_vectors_once(encoder: Encoder, tmp_path: Path) -> None:
    """As threads, which take the same lock: it is of the open file, not of the process."""
    alone = _Counting(encoder)
    Understander(alone, tmp_path / "alone").prepare(_BAKERY)
    together = [_Counting(encoder) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: Understander(each, tmp_path / "shared").prepare(_BAKERY), together))
    assert sum(each.texts for each in together) == alone.texts
    assert not list(tmp_path.rglob("*.lock"))
