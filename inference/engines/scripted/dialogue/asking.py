"""What is asked before a request is filed: a yes to what is only considered, fields, who it is, and a confirmation."""

from __future__ import annotations

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.state import PendingRequest
from inference.engines.scripted.wording.asked import IDENTITY, Asks
from inference.engines.scripted.wording.wording import PLACEHOLDER, Part

#: Words of a question that can only be about what was just asked: "what for?".
_SHORT = 3
#: Keywords of a field's schema whose limit is told.
_TOLD = frozenset({"minimum", "maximum", "type"})
#: Characters of a value that is told again.
_MAX_SHOWN = 60


def open_question(context: Context, request: PendingRequest) -> tuple[Part, ...]:
    """The question to ask before filing; empty if there is none."""
    confirms = request.needs_yes and not request.confirmed
    if confirms and request.doubtful and not request.scenario.confirm:
        return confirmation(context, request)
    own = _own_fields(context, request)
    if own:
        return own
    who = _identity(context, request)
    if confirms and request.doubtful and who:
        return confirmation(context, request)
    if who:
        asked_before = request.unanswered.get(Asks.IDENTITY, 0) > 0
        return (*who, *confirmation(context, request)) if asked_before and confirms else who
    return confirmation(context, request) if confirms else ()


def _known(context: Context, request: PendingRequest, name: str) -> bool:
    return bool(request.fields.get(name) or context.state.identity.get(name))


def _own_fields(context: Context, request: PendingRequest) -> tuple[Part, ...]:
    """Asks for one of ``one_of``, then for the fields of ``ask_for`` and the required ones, one after the other."""
    scenario = request.scenario
    if scenario.one_of and not any(_known(context, request, name) for name in scenario.one_of):
        return _one_of(context, request)
    required = [name for name, field in scenario.fields.items() if field.required and name not in scenario.ask_for]
    for name in (*scenario.ask_for, *required):
        standard = name in IDENTITY and scenario.require == "any"
        if not standard and name not in request.given_up and not _known(context, request, name):
            return _ask(context, request, name)
    return ()


def _ask(context: Context, request: PendingRequest, name: str) -> tuple[Part, ...]:
    """Asks for a field, the second time with the reason; in its own words if it has no name."""
    scenario, wording = request.scenario, context.wording
    if context.state.turn.piece == name:
        return (Part("ask_rest", {"field": wording.field_name(name, scenario)}, scenario),)
    own = Part("ask", {}, scenario, asked=name)
    told = any(each.name == name for each in context.state.turn.unfit)  # the reason
    again = request.unanswered.get(name, 0) > 0 or _asks_why(context)
    if wording.asks_itself(name, scenario) and (told or not wording.is_named(name, scenario)):
        return (Part("why_field", {}, scenario), own) if again and not told else (own,)
    values = {"field": wording.field_name(name, scenario)}
    return (Part("ask_field_again" if again else "ask", values, scenario, asked=name),)


def _one_of(context: Context, request: PendingRequest) -> tuple[Part, ...]:
    scenario = request.scenario
    names = [_bare_name(context, scenario, name) for name in scenario.one_of]
    values = {"fields": context.wording.listed(names)}
    again = request.unanswered.get(Asks.ONE_OF, 0) > 0 or _asks_why(context)
    return (Part("ask_one_of_again" if again else "ask_one_of", values, scenario),)


def _bare_name(context: Context, scenario: ScenarioDefinition, name: str) -> str:
    """A field's name: that of its read-back where it has no other."""
    field = scenario.fields.get(name)
    language = context.wording.language
    if field is not None and language not in field.names and language in field.read_back:
        return PLACEHOLDER.sub("", field.read_back[language][0]).strip(" :")
    return context.wording.field_name(name, scenario)


def _identity(context: Context, request: PendingRequest) -> tuple[Part, ...]:
    """Asks who the customer is, where one standard field is enough; the second time with the reason."""
    scenario = request.scenario
    asked = [name for name in scenario.ask_for if name in IDENTITY]
    if scenario.require != "any" or not asked or is_identified(context, scenario):
        return ()
    if context.state.identity_given_up or Asks.IDENTITY in request.given_up:
        return ()
    piece = context.state.turn.piece
    if piece in asked:
        return (Part("ask_rest", {"field": context.wording.field_name(piece)}),)
    times = request.unanswered.get(Asks.IDENTITY, 0)
    if times and context.is_handover(scenario):
        return ()
    values = {"fields": context.wording.listed([context.wording.field_name(name) for name in asked])}
    if times or _asks_why(context):
        return (
            Part(
                "ask_any_confirm" if times and request.needs_yes and not request.confirmed else "ask_any_again", values
            ),
        )
    return (Part("ask_any", values),)


def _asks_why(context: Context) -> bool:
    """Whether the customer asked for the reason of the question: "why?", or in a word or two."""
    understood = context.state.turn.understood
    if understood is None:
        return False
    return "why" in understood.acts or (understood.question and understood.words <= _SHORT and not understood.wishes)


def is_identified(context: Context, scenario: ScenarioDefinition) -> bool:
    """Whether a standard field is known. An account is enough only where it is asked for: it reaches nobody."""
    known = context.state.identity
    return any(known.get(name) for name in IDENTITY if name != "account_id" or name in scenario.ask_for)


def confirmation(context: Context, request: PendingRequest) -> tuple[Part, ...]:
    """Reads back what would be filed, and asks for a yes."""
    scenario, wording = request.scenario, context.wording
    details = {
        name: wording.value(name, value, scenario)
        for name, value in request.fields.items()
        if name in scenario.fields and not scenario.is_remark(name)
    }
    own = list(details.values())
    templates = wording.variants("confirm", scenario)
    shown = set(PLACEHOLDER.findall(" ".join(templates)))
    asked_before = context.state.asks(Asks.CONFIRM) and not context.state.turn.changed
    said = {name: wording.spoken(name, value, scenario) for name, value in request.fields.items()}
    values = {**context.state.identity, **said}
    if own:
        values["details"] = ", ".join(own)
    question = Part("confirm", values, scenario)
    # What the question itself tells is not read back before it; asked again, it is in other words without values.
    words = wording.text(question, context.state.said, 0)
    told = {name for name in shown if name in details and said[name] in words}
    read = (
        [] if "details" in shown and not asked_before else [text for name, text in details.items() if name not in told]
    )
    account = context.state.identity.get("account_id")
    if account and "account_id" not in shown:
        read.append(wording.value("account_id", account))
    parts = [Part("read_back", {"details": ", ".join(read)})] if read else []
    if request.condition:
        parts.append(Part("condition", {"condition": request.condition}))
    return (*parts, question)


def not_taken(context: Context) -> tuple[Part, ...]:
    """Why values of this turn were not taken."""
    parts = []
    for each in context.state.turn.unfit:
        told = {"value": context.wording.spoken(each.name, each.value, each.scenario)[:_MAX_SHOWN], "limit": each.limit}
        parts.append(Part(f"limit.{each.rule if each.rule in _TOLD else 'other'}", told))
    return tuple(parts)
