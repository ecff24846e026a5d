"""Answers about what is filed: its state and reference, and what stands on the newest record: a name, an address."""

from __future__ import annotations

from collections.abc import Mapping

from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.known_values import format_of, known_values
from inference.engines.scripted.dialogue.state import FiledRequest
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.values import Understanding
from inference.engines.scripted.wording.asked import IDENTITY
from inference.engines.scripted.wording.wording import Part

#: Acts of questions that may be about a record whatever their words.
_OF_RECORDS = frozenset({"status", "recall"})
#: Most filed requests that a status answer names.
_MAX_NAMED = 4
#: Characters of the customer's words that are told again.
_MAX_QUERY = 300


def status(context: Context) -> list[Part]:
    """What is filed in this session, and what is not yet."""
    state = context.state
    filed = [each for each in state.filed if each.reference][-_MAX_NAMED:]
    parts = [Part("status_filed", reference(each), each.scenario) for each in filed]
    waiting = [each for each in state.pending if context.may_file(each.scenario) and not each.offered]
    if waiting:
        parts.append(Part("not_yet", {}, waiting[0].scenario))
    return parts or [Part("status_none")]


def reference(filed: FiledRequest) -> dict[str, str]:
    """The value of the placeholder of a filed request's reference."""
    return {"reference": filed.reference}


def asked_on_record(context: Context, understood: Understanding) -> list[Part]:
    """What the newest record has of what is asked for; empty if nothing of a record is asked for, or what is not filed
    yet may be meant.
    """
    if not context.state.filed or context.state.pending or not understood.question:
        return []
    filed, said = context.state.filed[-1], normalized(understood.text).text
    words = cues(understood.language).asked
    if words.reference.search(said):
        return []
    if words.whose.search(said):
        return _told(context, filed, ["name", "account_id"])
    about = bool(_OF_RECORDS.intersection(understood.acts)) or words.on_record.search(said) is not None
    which = about and words.which.search(said) is not None
    formats, named = _asked_formats(understood)
    names = [*named, *(name for name in filed.scenario.fields if format_of(context.state, name) in formats)]
    if which and names:
        return _told(context, filed, names)
    if which and formats and _OF_RECORDS.intersection(understood.acts):
        return [Part("cannot_tell_filed", reference(filed), filed.scenario)] if filed.reference else []
    if words.content.search(said):
        return _content(context, filed)
    if which and words.number.search(said):
        numbers = [name for name in ("account_id", "phone") if filed.record.get(name)]
        return [*status(context), *(_told(context, filed, numbers) if numbers else ())]
    own = [name for name in filed.scenario.fields if not filed.scenario.is_remark(name) and _on_record(filed).get(name)]
    return _told(context, filed, own) if which and own and words.filed.search(said) else []


def _on_record(filed: FiledRequest) -> Mapping[str, object]:
    """What was filed: of an external tool, which may answer with what it likes, what was sent to it too."""
    return {**filed.fields, **filed.record} if filed.scenario.tool else filed.record


def _asked_formats(understood: Understanding) -> tuple[set[str], list[str]]:
    """What a question names: formats, and the standard fields by their own words."""
    words, said = cues(understood.language), normalized(understood.text).text
    named = [name for name, pattern in words.recall.items() if pattern.search(fold(understood.text))]
    said = words.asked.number.sub(" ", said)  # "which account number" asks for no phone number
    return {form for form, pattern in words.format_words.items() if pattern.search(said)}, named


def _told(context: Context, filed: FiledRequest, names: list[str]) -> list[Part]:
    """The values of fields on a record; what is known of them else, or that they were not told."""
    record, wording = _on_record(filed), context.wording
    there = {name: str(record[name]) for name in names if record.get(name)}
    own = [wording.value(name, value, filed.scenario) for name, value in there.items() if name not in IDENTITY]
    parts = [Part(f"recorded.{name}", {"value": value}) for name, value in there.items() if name in IDENTITY]
    if own:
        parts.insert(0, Part("recorded.default", {"value": ", ".join(own)}))
    known = known_values(context.state)
    values = [wording.value(name, known[name]) for name in names if known.get(name)]
    if not parts and values:
        return [Part("recall", {"values": ", ".join(values)})]
    return parts or [Part("unknown", {"field": wording.field_name(names[0], filed.scenario)})]


def _content(context: Context, filed: FiledRequest) -> list[Part]:
    """What was noted: the customer's words, and all values of the record."""
    query = "" if filed.scenario.tool else str(filed.record.get("query") or filed.query)[:_MAX_QUERY].strip(" .!?।")
    parts = [*status(context), *([Part("recorded.query", {"value": query})] if query else [])]
    names = [name for name in (*filed.scenario.fields, *IDENTITY) if _on_record(filed).get(name)]
    return [*parts, *(_told(context, filed, names) if names else ())]
