"""Dialogue state tracking: replays the history. An utterance answers a question, corrects a slot or adds requests."""

from __future__ import annotations

from inference.engines.scripted.intents import IntentClassifier
from inference.engines.scripted.lexicon import Lexicon, fold, lexicon
from inference.engines.scripted.names import bare_name
from inference.engines.scripted.replies import Replies, expected_answer
from inference.engines.scripted.state import CONFIRMED, DialogueState, FiledRecord, ServiceRequest, TurnState
from inference.engines.scripted.utterances import Understander, Understanding
from inference.ports import AssistantMessage, ChatRequest, CompletedToolCall, UserMessage

#: From this similarity on, a request for the scenario of a filed record is a duplicate of it.
_DUPLICATE_SIMILARITY = 0.85
#: An answer of up to this many words ("yes, do it") contains no further request.
_MAX_ANSWER_WORDS = 3
_CONTACT = "contact_details_change"


def state_from_history(request: ChatRequest, understander: Understander, replies: Replies) -> DialogueState:
    """The dialogue state after ``request.history``."""
    dialogue = DialogueState(
        slots={key: value for key, value in request.known.items() if value and key != "customer_id"}
    )
    offered = {tool.name for tool in request.tools}.intersection(request.agent.scenario_names)
    for item in request.history:
        match item:
            case UserMessage(text):
                # Requests that cannot be filed were answered in their own turn.
                dialogue.pending = [pending for pending in dialogue.pending if pending.scenario in offered]
                update(dialogue, understander.understand(text, request.language), understander.model, request.language)
            case AssistantMessage(text):
                note_question(dialogue, text, replies)
            case CompletedToolCall(name=name, arguments=arguments, result=result):
                dialogue.apply_tool_result(name, arguments, result)
    return dialogue


def note_question(dialogue: DialogueState, said: str, replies: Replies) -> None:
    """Notes the question of the assistant's last reply. "I did not catch that" leaves the previous one open."""
    keys = list(replies.questions_in(said))
    if keys == ["no_speech"]:
        return
    asked = [expected_answer(key) for key in keys if key != "no_speech"]
    dialogue.expecting = asked[-1] if asked else None
    dialogue.unsure = dialogue.unsure + 1 if dialogue.expecting == "rephrase" else 0
    if dialogue.expecting == "identity":
        for request in dialogue.pending:
            request.asked = True


def update(dialogue: DialogueState, understood: Understanding, model: IntentClassifier, language: str) -> None:
    """Updates the state by one utterance of the customer."""
    dialogue.turn = turn = TurnState(understood)
    if understood.prediction is None:
        return
    words = lexicon(language)
    if dialogue.expecting != "handover":
        dialogue.offer_text = understood.text
    new = _new_slots(dialogue, understood, words)
    _apply_answer(dialogue, understood, new)
    if not turn.answered or understood.words > _MAX_ANSWER_WORDS:
        if understood.requested and understood.replaces:
            dialogue.pending.clear()
        dialogue.add_requests(understood, _filed_before(dialogue, understood, model))
    _note_declined_identity(dialogue, understood, new)
    _store_slots(dialogue, understood, new)
    dialogue.fill_fields(understood)
    _fill_address(dialogue, understood, new)


def _new_slots(dialogue: DialogueState, understood: Understanding, words: Lexicon) -> dict[str, str]:
    """New values of identity slots. A bare name or number is the answer to the open question."""
    said = understood.entities
    new = said.identity()
    asked = dialogue.expecting or ""
    if asked == "identity" and not understood.requested:
        if said.number and "account_id" not in new:
            new["account_id"] = said.number
        name = next((found for part in _pieces(said.rest, words) if (found := bare_name(part, words))), None)
        if name and "name" not in new:
            new["name"] = name
    elif asked.startswith("field:"):
        slot = asked.removeprefix("field:")
        if slot == "account_id" and said.number and slot not in new:
            new[slot] = said.number
        elif slot in {"phone", "new_phone"} and said.number:
            new.setdefault("phone", said.number)
        elif slot == "name" and "name" not in new and (name := bare_name(understood.text, words)):
            new["name"] = name
    elif (asked == "detail" and said.number and len(said.number) >= 6) or (
        not asked and said.number and len(said.number) >= 9
    ):
        new.setdefault("phone", said.number)
    elif said.number and understood.corrects and "account_id" in dialogue.slots:
        new.setdefault("account_id", said.number)
    return new


def _pieces(rest: tuple[str, ...], words: Lexicon) -> list[str]:
    pieces = [piece for part in rest for sentence in part.split(",") for piece in words.joins.split(sentence)]
    return [stripped for piece in pieces if (stripped := _without_yes(piece.strip(" .!?।"), words))]


def _without_yes(text: str, words: Lexicon) -> str:
    match = words.yes.match(fold(text))
    return text[match.end() :].strip(" ,.") if match else text


def _apply_answer(dialogue: DialogueState, understood: Understanding, new: dict[str, str]) -> None:
    """Handles a yes or a no to the open question, and "never mind"."""
    turn = dialogue.turn
    asked = dialogue.expecting
    said = understood.entities
    changes = bool(new or said.email or said.address or said.plan)
    if asked == "confirm":
        request = _to_confirm(dialogue)
        if request is not None and understood.yes:
            request.confirmed = turn.answered = True
        elif request is not None and understood.no and not changes and not understood.requested:
            dialogue.pending.remove(request)
            turn.dropped = turn.answered = True
    elif asked == "handover":
        if understood.yes:
            dialogue.request_handover(dialogue.offer_text or understood.text)
            turn.answered = True
        elif understood.no and not understood.requested:
            turn.refused_offer = turn.answered = True
    elif asked in {"detail", "field:new_phone", "field:new_email", "field:new_address"}:
        contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
        if contact is not None and (understood.no or understood.declined) and not changes and not understood.requested:
            dialogue.pending.remove(contact)
            turn.dropped = turn.answered = True
    leaves = understood.chat == "nevermind" or (asked == "confirm" and understood.chat == "goodbye")
    if leaves and dialogue.pending and not turn.answered:
        dialogue.pending.clear()
        turn.dropped = turn.answered = True


def _note_declined_identity(dialogue: DialogueState, understood: Understanding, new: dict[str, str]) -> None:
    """Notes that the customer declined to identify themselves; a "hello?" in between is not an answer."""
    if dialogue.expecting != "identity" or new:
        return
    if understood.chat == "greeting":
        for request in dialogue.pending:
            request.asked = False
    elif understood.declined:
        dialogue.declined = True


def _to_confirm(dialogue: DialogueState) -> ServiceRequest | None:
    return next((item for item in dialogue.pending if item.scenario in CONFIRMED and not item.confirmed), None)


def _filed_before(dialogue: DialogueState, understood: Understanding, model: IntentClassifier) -> FiledRecord | None:
    """The record of the same request, if it was filed in this session."""
    wanted = {each.scenario: each.text for each in understood.requested}
    for filed in reversed(dialogue.filed):
        text = wanted.get(filed.scenario)
        if text is not None and (
            fold(text) == fold(filed.query) or model.similarity(text, filed.query) >= _DUPLICATE_SIMILARITY
        ):
            return filed
    return None


def _store_slots(dialogue: DialogueState, understood: Understanding, new: dict[str, str]) -> None:
    """Stores identity slots. A phone number in a change of contact details is the new one, not the current one."""
    contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
    slots = dict(new)
    asked = dialogue.expecting
    if contact is not None and "phone" in slots and asked not in {"identity", "field:phone"}:
        contact.fields["new_phone"] = slots.pop("phone")
        contact.confirmed = contact.confirmed and understood.yes
    dialogue.turn.corrected = any(dialogue.slots.get(slot, value) != value for slot, value in slots.items())
    dialogue.slots |= slots


def _fill_address(dialogue: DialogueState, understood: Understanding, new: dict[str, str]) -> None:
    """Takes the whole answer to "what is the new address?" as the address."""
    contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
    if contact is None or dialogue.expecting not in {"detail", "field:new_address"}:
        return
    said = understood.entities
    missing = not any(slot in contact.fields for slot in ("new_phone", "new_email", "new_address"))
    has_both = any(ch.isdigit() for ch in understood.text) and any(ch.isalpha() for ch in understood.text)
    elsewhere = any(each.scenario != _CONTACT for each in understood.requested)
    if missing and has_both and not (new or said.email or elsewhere):
        contact.fields["new_address"] = understood.text[:200]
