"""Invariants of every dialogue: random utterances, understood in any way, in five languages."""

from __future__ import annotations

import random
import re

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.values import Mention, Polarity, Reaction, Understanding, Wish
from tests.inference.engines.scripted.dialogue.talk import Talk

_ACTS = ("greeting", "goodbye", "thanks", "abilities", "status", "recall", "nevermind", "inform", "out_of_scope",
         "unclear", "wait", "repeat", "why")  # fmt: skip
_VALUES = {
    "name": ("person_name", ("Ann Lee", "Bob O'Neill")),
    "phone": ("phone", ("415-555-0132", "202-555-0176")),
    "account_id": ("account_id", ("AC-1", "AC-2")),
    "new_phone": ("phone", ("555-0142", "555-0199")),
    "new_address": ("postal_address", ("12 Rose Lane", "21 Rose Lane")),
    "target_plan": ("text", ("Gold", "Silver")),
}
_SENTENCE = re.compile(r"[^.!?।]+[.!?।]")


def _utterance(random_: random.Random, number: int, intents: list[str]) -> Understanding:
    wishes = tuple(
        Wish(
            random_.choice(intents),
            f"wish {number} {random_.randint(0, 3)}",
            random_.choice([Polarity.WANTED, *Polarity]),
            random_.random(),
            random_.choice([None, None, "only in May"]),
        )
        for _ in range(random_.choice([0, 0, 1, 1, 2]))
    )
    fields = random_.sample(list(_VALUES), random_.choice([0, 0, 1, 2]))
    mentions = tuple(
        Mention(
            _VALUES[name][0],
            random_.choice(_VALUES[name][1]),
            0,
            1,
            random_.choice([name, None]),
            random_.random() < 0.1,
        )
        for name in fields
    )
    reaction = random_.choice([Reaction.NONE, *Reaction])
    return Understanding(
        f"utterance {number}",
        random_.choice(["en", "de", "es", "fr", "hi"]),
        wishes,
        tuple(random_.sample(_ACTS, random_.choice([0, 0, 1, 2]))),
        mentions,
        reaction,
        "not before May" if reaction is Reaction.CONDITION else None,
        question=random_.random() < 0.3,
        corrects=random_.random() < 0.2,
        declines=random_.random() < 0.1,
        unsure=random_.random() < 0.2,
        unsupported="it" if random_.random() < 0.03 else None,
        priority=random_.choice([None, "LOW", "URGENT"]),
        words=random_.choice([0, 2, 5, 5, 5]),
    )


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_said(seed: int) -> None:
    random_ = random.Random(seed)
    agent = random_.choice(list(builtin_agents().values()))
    intents = [each.name for each in agent.intents]
    talk = Talk(agent, known={"name": "Ann Lee"} if random_.random() < 0.5 else {})
    talk.broken = random_.random() < 0.1
    replies: list[str] = []
    for number in range(12):
        understood = _utterance(random_, number, intents)
        confirmed = {each.scenario.name for each in talk.state().pending if each.confirmed} if number else set()
        reply = talk.say(understood)
        for scenario in talk.filed:
            definition = agent.scenario(scenario)
            assert definition is not None
            if definition.confirm:
                assert understood.reaction in {Reaction.YES, Reaction.CONDITION, Reaction.NONE} or scenario in confirmed
        assert not (understood.unsupported and talk.filed)
        if understood.words and "repeat" not in understood.acts and replies:
            questions = [each.strip() for each in _SENTENCE.findall(reply) if each.endswith("?")]
            before = [each.strip() for each in _SENTENCE.findall(replies[-1]) if each.endswith("?")]
            assert not set(questions) & set(before), (before, questions)
        replies.append(reply)
    if not talk.broken:
        assert len({each["reference"] for each in talk.records}) == len(talk.records)
        assert len(talk.state().filed) == len(talk.records)
