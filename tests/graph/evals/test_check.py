"""What is a miss: records, fields, replies, repeated questions."""

from __future__ import annotations

import pytest

from graph.cli.evals.score import scores
from graph.evals.check import AGAINST_WORD, DUPLICATE, INVENTED, NOT_FILED, REPLY, TURN, WRONG_FIELD, check, matches
from graph.evals.conversation import Conversation
from graph.evals.played import PlayedConversation, PlayedRecord, PlayedTurn

EXPECTED = Conversation.model_validate(
    {
        "name": "cancel",
        "kind": "polarity",
        "turns": [
            {
                "say": "Cancel it, account AC-20417, Ann Lee.",
                "intent": "cancel",
                "entities": {"account_id": "AC-20417", "name": "Ann Lee"},
                "expect": {"filed": [], "reply": {"any": ["cancel"], "none": ["is cancelled"]}},
            },
            {"say": "Yes.", "expect": {"filed": ["cancellation"]}},
        ],
        "expect": {
            "records": [
                {
                    "scenario": "cancellation",
                    "fields": {"account_id": "AC-20417", "name": ["Ann Lee", "Anne Lee"], "phone": None},
                    "query": ["cancel"],
                }
            ]
        },
    }
)
FIELDS = {"account_id": "ac 20417", "name": "Anne Lee", "phone": None, "query": "Cancel it", "priority": "NORMAL"}
FIRST = PlayedTurn(
    said="",
    heard="",
    reply="Shall I cancel it?",
    reply_language="en",
    intent="cancel",
    entities={"account_id": "AC20417", "name": "Ann Lee"},
)
SECOND = PlayedTurn(said="", heard="", reply="It is recorded.", reply_language="en", filed=["cancellation"])


def record(scenario: str = "cancellation", **changed: str | None) -> PlayedRecord:
    return PlayedRecord(scenario, "cancel", "B1", {**FIELDS, **changed})


def played(*records: PlayedRecord, turns: tuple[PlayedTurn, ...] = (FIRST, SECOND)) -> PlayedConversation:
    return PlayedConversation("session", list(turns), list(records))


def test_a_conversation_as_expected_has_no_miss() -> None:
    verdict = check(EXPECTED, played(record()))
    assert verdict.misses == []
    assert verdict.intents == [(["cancel"], "cancel")]
    assert (verdict.true_entities, verdict.wrong_entities, verdict.missed_entities) == (2, 0, 0)


@pytest.mark.parametrize(
    ("found", "about"),
    [
        (played(), NOT_FILED),
        (played(record(), record()), DUPLICATE),
        (played(record(), record("complaint")), AGAINST_WORD),
        (played(record(phone="555 0132")), INVENTED),
        (played(record(name="Rose Lane")), INVENTED),
        (played(record(account_id=None)), WRONG_FIELD),
        (played(record(query="hello")), WRONG_FIELD),
        (played(record(), turns=(FIRST,)), TURN),
    ],
    ids=["missing", "twice", "unwanted", "made up", "other name", "lost", "other words", "cut off"],
)
def test_what_is_wrong_with_records(found: PlayedConversation, about: str) -> None:
    assert about in {miss.about for miss in check(EXPECTED, found).misses}


def test_what_is_wrong_with_a_turn() -> None:
    early = PlayedTurn(
        said="", heard="", reply="Your contract is cancelled.", reply_language="en", filed=["cancellation"]
    )
    failed = PlayedTurn(said="", heard="", reply="", reply_language=None, error="ENGINE_UNAVAILABLE: no")
    misses = check(EXPECTED, played(record(), turns=(early, failed))).misses
    assert {(miss.about, miss.line) for miss in misses} >= {(REPLY, 1), (AGAINST_WORD, 1), (TURN, 2), (NOT_FILED, 2)}


def test_a_question_repeated_word_for_word_is_a_miss() -> None:
    again = PlayedTurn(said="", heard="", reply="Well. Shall I cancel it?", reply_language="en", filed=["cancellation"])
    assert REPLY in {miss.about for miss in check(EXPECTED, played(record(), turns=(FIRST, again))).misses}


def test_entities_that_nobody_said_and_those_that_were_lost_count_against_it() -> None:
    deaf = PlayedTurn(
        said="",
        heard="",
        reply="Shall I cancel?",
        reply_language="en",
        intent="human",
        entities={"phone": "1", "name": "Bob"},
    )
    verdict = check(EXPECTED, played(record(), turns=(deaf, SECOND)))
    assert (verdict.true_entities, verdict.wrong_entities, verdict.missed_entities) == (0, 2, 2)
    table = scores([(EXPECTED, verdict)])
    assert table["all"].intents == 0.0
    assert table["all"].f1 == 0.0
    assert list(table) == ["polarity", "en", "written", "all"]


@pytest.mark.parametrize(
    ("allowed", "value", "same"),
    [
        (["AC-20417"], "ac 20417", True),
        (["415-555-0132"], "(415) 555 0132", True),
        (["O'Neill"], "O’Neill", True),
        (["Lee"], "Leigh", False),
    ],
)
def test_spelling_of_values(allowed: list[str], value: str, same: bool) -> None:
    assert matches(allowed, value) is same
