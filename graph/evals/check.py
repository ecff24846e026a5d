"""Compares a played conversation with what was expected of it. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from db.json_value import Json
from graph.evals.conversation import Conversation, Line, RecordExpectation
from graph.evals.played import PlayedConversation, PlayedRecord, PlayedTurn
from graph.evals.search import Search, linear

#: What a missed expectation is about. The first three are never acceptable.
AGAINST_WORD, INVENTED, DUPLICATE = "filed against the word", "invented field", "filed twice"
NOT_FILED, WRONG_FIELD, REPLY, TURN = "not filed", "wrong field", "reply", "turn"

_SENTENCE_ENDS = re.compile(r"([.!?।？])(?=\s|$)")  # no dot of an e-mail address
_SHORTEST_QUESTION = 9
_IDENTIFYING = ("name", "phone", "account_id")


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that was not met. ``line``: the number of the customer's line from 1, 0 for the whole."""

    about: str
    message: str
    line: int = 0


@dataclass(slots=True)
class Verdict:
    """``intents``: (expected, understood) of each labelled line. ``entities``: found, wrong and missed ones.

    ``unjudged``: requirements in words, which no rule compares: a chat server may judge them.
    """

    misses: list[Miss] = field(default_factory=list)
    unjudged: list[Miss] = field(default_factory=list)
    intents: list[tuple[list[str], str | None]] = field(default_factory=list)
    true_entities: int = 0
    wrong_entities: int = 0
    missed_entities: int = 0


def check(expected: Conversation, played: PlayedConversation, found_in: Search = linear) -> Verdict:
    """All misses of one conversation, with its labels of understanding.

    ``found_in``: how regular expressions are searched; the expectations were checked for it.
    """
    verdict = Verdict()
    for number, (line, turn) in enumerate(zip(expected.turns, played.turns, strict=False), 1):
        if turn.error is not None:
            verdict.misses.append(Miss(TURN, turn.error, number))
        _check_turn(line, turn, number, verdict, found_in)
    if len(played.turns) < len(expected.turns):
        verdict.misses.append(Miss(TURN, f"only {len(played.turns)} of {len(expected.turns)} lines were played"))
    verdict.misses += _repeated_questions(played)
    if expected.expect.records is not None:
        verdict.misses += _check_records(expected.expect.records, played.records, found_in)
    return verdict


def _repeated_questions(played: PlayedConversation) -> list[Miss]:
    """Questions that a reply asks word for word as the reply before it did."""
    misses = []
    for number, (before, after) in enumerate(pairwise(played.turns), 2):
        again = _questions(before.reply) & _questions(after.reply)
        misses += [Miss(REPLY, f"asked again in the same words: {each!r}", number) for each in sorted(again)]
    return misses


def _questions(reply: str) -> set[str]:
    parts = _SENTENCE_ENDS.split(reply)  # sentences and their ends in turn
    whole = (sentence + end for sentence, end in zip(parts[::2], parts[1::2], strict=False))
    return {each.strip() for each in whole if each[-1] in "?？" and len(each) >= _SHORTEST_QUESTION}


def _check_turn(line: Line, turn: PlayedTurn, number: int, verdict: Verdict, found_in: Search) -> None:
    wanted = line.expect
    misses = verdict.misses
    reply = turn.reply
    if wanted.reply.any and not any(found_in(each, reply) for each in wanted.reply.any):
        misses.append(Miss(REPLY, f"none of {wanted.reply.any} in the reply", number))
    misses += [Miss(REPLY, f"{each!r} is in the reply", number) for each in wanted.reply.none if found_in(each, reply)]
    if wanted.reply.language is not None and turn.reply_language != wanted.reply.language:
        misses.append(Miss(REPLY, f"answered in {turn.reply_language}, not {wanted.reply.language}", number))
    if wanted.reply.judge is not None:
        verdict.unjudged.append(Miss(REPLY, wanted.reply.judge, number))
    if wanted.filed is not None and sorted(wanted.filed) != sorted(turn.filed):
        about = AGAINST_WORD if set(turn.filed) - set(wanted.filed) else NOT_FILED
        misses.append(Miss(about, f"filed {turn.filed or 'nothing'}, expected {wanted.filed or 'nothing'}", number))
    if wanted.tools is not None and wanted.tools != turn.tools:
        misses.append(Miss(TURN, f"called {turn.tools}, expected {wanted.tools}", number))
    for name, most, took in (
        ("first audio", wanted.first_audio_ms, turn.first_audio_ms),
        ("the turn", wanted.total_ms, turn.total_ms),
    ):
        if most is not None and (took is None or took > most):
            misses.append(Miss(TURN, f"{name} took {took} ms, at most {most} expected", number))
    if line.intent is not None:
        verdict.intents.append((line.intent, turn.intent))
    if line.entities is not None:
        _check_entities(line.entities, turn.entities, verdict)


def _check_entities(expected: Mapping[str, Sequence[str]], found: Mapping[str, str], verdict: Verdict) -> None:
    for name, allowed in expected.items():
        if name not in found:
            verdict.missed_entities += 1
        elif matches(allowed, found[name]):
            verdict.true_entities += 1
        else:
            verdict.wrong_entities += 1
            verdict.missed_entities += 1
    verdict.wrong_entities += len(found.keys() - expected.keys())


def _check_records(
    expected: Sequence[RecordExpectation], filed: Sequence[PlayedRecord], found_in: Search
) -> list[Miss]:
    """Pairs records with expectations of the same scenario, the fewest misses first."""
    misses: list[Miss] = []
    left = list(filed)
    for want in expected:
        rated = sorted(
            ((_record_misses(want, record, found_in), record) for record in left if record.scenario in want.scenario),
            key=lambda pair: len(pair[0]),
        )
        if not rated:
            misses.append(Miss(NOT_FILED, f"no record of {' or '.join(want.scenario)}"))
            continue
        found, record = rated[0]
        misses += found
        left.remove(record)
    for record in left:
        again = any(record.scenario in want.scenario for want in expected)
        misses.append(Miss(DUPLICATE if again else AGAINST_WORD, f"a record of {record.scenario} ({record.intent})"))
    return misses


def _record_misses(want: RecordExpectation, record: PlayedRecord, found_in: Search) -> list[Miss]:
    misses = []
    if want.intent is not None and record.intent not in want.intent:
        misses.append(Miss(WRONG_FIELD, f"intent {record.intent}, expected {want.intent}"))
    if want.priority is not None and record.fields.get("priority") not in want.priority:
        misses.append(Miss(WRONG_FIELD, f"priority {record.fields.get('priority')}, expected {want.priority}"))
    for name, allowed in want.fields.items():
        value = record.fields.get(name)
        if allowed is None:
            if value is not None:
                misses.append(Miss(INVENTED, f"{record.scenario}.{name} is {value!r}, nobody said it"))
        elif value is None:
            misses.append(Miss(WRONG_FIELD, f"{record.scenario}.{name} is missing, expected {allowed}"))
        elif not matches(allowed, value):
            about = INVENTED if name in _IDENTIFYING else WRONG_FIELD
            misses.append(Miss(about, f"{record.scenario}.{name} is {value!r}, expected {allowed}"))
    said = " ".join(str(value) for value in record.fields.values() if value is not None)
    misses += [
        Miss(WRONG_FIELD, f"{each!r} is not in the record of {record.scenario}")
        for each in want.query
        if not found_in(each, said)
    ]
    return misses


def matches(allowed: Sequence[str], value: Json) -> bool:
    """Whether a value is one of the allowed ones: case, spaces, hyphens and punctuation do not count."""
    return _folded(str(value)) in {_folded(each) for each in allowed}


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s\-.,'’()/]+", "", decomposed)
