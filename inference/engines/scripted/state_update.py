"""How a customer's words change a dialogue: an answer to what was asked, a correction, a new request, or all."""

from __future__ import annotations

from inference.engines.scripted.intents import IntentModel
from inference.engines.scripted.lexicon import Lexicon, fold, lexicon
from inference.engines.scripted.names import bare_name
from inference.engines.scripted.replies import Replies, asked_for
from inference.engines.scripted.state import CONFIRMED, Dialogue, Filed, Request, Turn
from inference.engines.scripted.understanding import Understander, Understanding
from inference.ports import AssistantSaid, ChatRequest, ToolUsed, UserSaid

#: From this likeness on, the same scenario asked for again is the request filed before, not another one.
_SAME = 0.85
#: "Yes, do it": an answer of up to so many words asks for nothing else.
_PLAIN = 3
_CONTACT = "contact_details_change"


def fold_history(request: ChatRequest, understander: Understander, replies: Replies) -> Dialogue:
    """The dialogue that a history amounts to."""
    dialogue = Dialogue(slots={key: value for key, value in request.known.items() if value and key != "customer_id"})
    offered = {tool.name for tool in request.tools}.intersection(request.persona.scenarios)
    for item in request.history:
        match item:
            case UserSaid(text):
                # What could not be filed was answered in its own turn.
                dialogue.pending = [pending for pending in dialogue.pending if pending.scenario in offered]
                hear(dialogue, understander.understand(text, request.language), understander.model, request.language)
            case AssistantSaid(text):
                recall_question(dialogue, text, replies)
            case ToolUsed(name=name, arguments=arguments, result=result):
                dialogue.used(name, arguments, result)
    return dialogue


def recall_question(dialogue: Dialogue, said: str, replies: Replies) -> None:
    """What the assistant asked last. "I did not catch that" leaves the question before it open."""
    keys = list(replies.asked(said))
    if keys == ["no_speech"]:
        return
    asked = [asked_for(key) for key in keys if key != "no_speech"]
    dialogue.expecting = asked[-1] if asked else None
    dialogue.unsure = dialogue.unsure + 1 if dialogue.expecting == "rephrase" else 0
    if dialogue.expecting == "identity":
        for request in dialogue.pending:
            request.asked = True


def hear(dialogue: Dialogue, understood: Understanding, model: IntentModel, language: str) -> None:
    """Takes in one utterance."""
    dialogue.turn = turn = Turn(understood)
    if understood.guess is None:
        return
    words = lexicon(language)
    if dialogue.expecting != "handover":
        dialogue.led = understood.text
    new = _slots(dialogue, understood, words)
    _answer(dialogue, understood, new)
    if not turn.answered or understood.words > _PLAIN:
        if understood.wants and understood.replaces:
            dialogue.pending.clear()
        dialogue.want(understood, _filed_before(dialogue, understood, model))
    _identity(dialogue, understood, new)
    _put(dialogue, understood, new)
    dialogue.describe(understood)
    _detail(dialogue, understood, new)


def _slots(dialogue: Dialogue, understood: Understanding, words: Lexicon) -> dict[str, str]:
    """What was said of the customer; bare names and numbers mean what was asked for."""
    said = understood.entities
    new = said.said()
    asked = dialogue.expecting or ""
    if asked == "identity" and not understood.wants:
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


def _answer(dialogue: Dialogue, understood: Understanding, new: dict[str, str]) -> None:
    """A yes or a no to what was asked, or "never mind"."""
    turn = dialogue.turn
    asked = dialogue.expecting
    said = understood.entities
    changes = bool(new or said.email or said.address or said.plan)
    if asked == "confirm":
        request = _to_confirm(dialogue)
        if request is not None and understood.yes:
            request.confirmed = turn.answered = True
        elif request is not None and understood.no and not changes and not understood.wants:
            dialogue.pending.remove(request)
            turn.dropped = turn.answered = True
    elif asked == "handover":
        if understood.yes:
            dialogue.hand_over(dialogue.led or understood.text)
            turn.answered = True
        elif understood.no and not understood.wants:
            turn.refused_offer = turn.answered = True
    elif asked in {"detail", "field:new_phone", "field:new_email", "field:new_address"}:
        contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
        if contact is not None and (understood.no or understood.declined) and not changes and not understood.wants:
            dialogue.pending.remove(contact)
            turn.dropped = turn.answered = True
    leaves = understood.chat == "nevermind" or (asked == "confirm" and understood.chat == "goodbye")
    if leaves and dialogue.pending and not turn.answered:
        dialogue.pending.clear()
        turn.dropped = turn.answered = True


def _identity(dialogue: Dialogue, understood: Understanding, new: dict[str, str]) -> None:
    """Who would not say it once is not asked again; a "hello?" in between is no answer."""
    if dialogue.expecting != "identity" or new:
        return
    if understood.chat == "greeting":
        for request in dialogue.pending:
            request.asked = False
    elif understood.declined:
        dialogue.declined = True


def _to_confirm(dialogue: Dialogue) -> Request | None:
    return next((item for item in dialogue.pending if item.scenario in CONFIRMED and not item.confirmed), None)


def _filed_before(dialogue: Dialogue, understood: Understanding, model: IntentModel) -> Filed | None:
    """The record of the very same request, if it was made in this session."""
    wanted = {want.scenario: want.text for want in understood.wants}
    for filed in reversed(dialogue.filed):
        text = wanted.get(filed.scenario)
        if text is not None and (fold(text) == fold(filed.query) or model.similarity(text, filed.query) >= _SAME):
            return filed
    return None


def _put(dialogue: Dialogue, understood: Understanding, new: dict[str, str]) -> None:
    """Keeps what was said of the customer. A new phone number in a change of details is not how to reach them now."""
    contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
    slots = dict(new)
    asked = dialogue.expecting
    if contact is not None and "phone" in slots and asked not in {"identity", "field:phone"}:
        contact.fields["new_phone"] = slots.pop("phone")
        contact.confirmed = contact.confirmed and understood.yes
    dialogue.turn.corrected = any(dialogue.slots.get(slot, value) != value for slot, value in slots.items())
    dialogue.slots |= slots


def _detail(dialogue: Dialogue, understood: Understanding, new: dict[str, str]) -> None:
    """The answer to "what is the new address?" needs no cue: all of it is the address."""
    contact = next((item for item in dialogue.pending if item.scenario == _CONTACT), None)
    if contact is None or dialogue.expecting not in {"detail", "field:new_address"}:
        return
    said = understood.entities
    missing = not any(slot in contact.fields for slot in ("new_phone", "new_email", "new_address"))
    has_both = any(ch.isdigit() for ch in understood.text) and any(ch.isalpha() for ch in understood.text)
    elsewhere = any(want.scenario != _CONTACT for want in understood.wants)
    if missing and has_both and not (new or said.email or elsewhere):
        contact.fields["new_address"] = understood.text[:200]
