"""The payload of a record: its JSON Schema by scenario, and the check of a payload against it.

JSON Schema 2020-12. Formats are those of ``db.agents.formats``; patterns are matched in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from db.agents.definition import STANDARD_FIELDS, AgentDefinition, FieldDefinition, ScenarioDefinition
from db.agents.formats import FORMAT_CHECKS, MAX_LENGTHS
from db.agents.patterns import matches
from db.enums import Priority
from db.json_value import Json

#: Most characters of a text whose schema has no ``maxLength``.
_MAX_TEXT = 500

#: Most errors of one payload that are reported.
_MAX_ERRORS = 20

_MAX_NAME = 64

#: Most values of an enum that an error names.
_MAX_SHOWN = 30

_STANDARD: Mapping[str, Mapping[str, Json]] = {
    "name": {"format": "person_name", "maxLength": 200, "description": "The customer's name, as given."},
    "phone": {"format": "phone", "maxLength": 40, "description": "The phone number to reach the customer on."},
    "account_id": {"format": "account_id", "maxLength": 32, "description": "The customer's account id, as given."},
    "query": {"maxLength": 2000, "description": "What the customer asks for, in the customer's own words."},
    "intent": {"description": "What kind of request within the scenario."},
    "priority": {
        "enum": [each.value for each in Priority],
        "default": Priority.NORMAL.value,
        "description": "How soon somebody must look at it.",
    },
}


def record_schema(agent: AgentDefinition, scenario: ScenarioDefinition) -> dict[str, Json]:
    """The JSON Schema of a payload: the standard fields, then the scenario's own.

    ``query`` and ``intent`` are required, and the scenario's required fields; of ``one_of`` at least one. ``intent`` is
    one of the scenario's intents; of a scenario without any, its name.
    """
    properties = {name: {"type": "string", **_STANDARD[name]} for name in STANDARD_FIELDS}
    properties["query"]["minLength"] = 1
    properties["intent"]["enum"] = list(agent.intents_of(scenario.name)) or [scenario.name]
    properties.update({name: _own(field) for name, field in scenario.fields.items()})
    required = [name for name, field in scenario.fields.items() if field.required]
    schema: dict[str, Json] = {
        "type": "object",
        "properties": properties,
        "required": ["query", "intent", *required],
        "additionalProperties": False,
    }
    if scenario.one_of:
        schema["anyOf"] = [{"required": [name]} for name in scenario.one_of]
    return schema


def _own(field: FieldDefinition) -> dict[str, Json]:
    schema = dict(field.json_schema)
    if field.description:
        schema.setdefault("description", field.description)
    if schema.get("type") == "string" and "enum" not in schema:
        schema.setdefault("minLength", 1)
        schema.setdefault("maxLength", MAX_LENGTHS.get(field.format, _MAX_TEXT))
    return schema


def broken_rules(field: FieldDefinition, value: Json) -> list[tuple[str, Json]]:
    """The keywords of a field's schema that a value breaks, each with what the schema has for it."""
    errors = _Validator(_own(field), format_checker=_FORMATS).iter_errors(value)
    return [(str(error.validator), error.validator_value) for error in islice(errors, _MAX_ERRORS)]


def check_payload(
    agent: AgentDefinition, scenario: ScenarioDefinition, payload: Mapping[str, Json]
) -> tuple[dict[str, Json], list[dict[str, str]]]:
    """Checks a payload of the scenario. Returns it as it is recorded, and the errors: ``[{"loc", "msg"}]``.

    Texts come without white space at their ends, fields that are null are left out, ``priority`` has its default. An
    error's ``loc`` is the field, "" for the whole; ``msg`` is the rule that is broken, and never repeats the value.
    """
    given = {name: value.strip() if isinstance(value, str) else value for name, value in payload.items()}
    checked = {name: value for name, value in given.items() if value is not None}
    checked.setdefault("priority", Priority.NORMAL.value)
    found = _Validator(record_schema(agent, scenario), format_checker=_FORMATS).iter_errors(checked)
    errors = list(islice((told for error in found for told in _told(error, scenario)), _MAX_ERRORS))
    return checked, list({(each["loc"], each["msg"]): each for each in errors}.values())


def _told(error: ValidationError, scenario: ScenarioDefinition) -> Iterator[dict[str, str]]:
    """An error of jsonschema, whose message repeats the value, as ``loc`` and ``msg``."""
    path = [str(each) for each in error.absolute_path]
    loc, rule, limit = ".".join(path), str(error.validator), error.validator_value
    if rule == "required":
        for name in limit:
            if name not in error.instance:
                yield {"loc": ".".join([*path, name]), "msg": "this field is required"}
    elif rule == "additionalProperties" and isinstance(error.instance, dict):
        for name in [each for each in error.instance if each not in error.schema.get("properties", {})]:
            # The name of a field that is not there may be anything, also something that a customer said.
            shown = name if name.isidentifier() and name.isascii() and len(name) <= _MAX_NAME else ""
            yield {"loc": ".".join([*path, shown]) if shown else loc, "msg": "there is no such field"}
    elif rule == "anyOf" and not path:
        yield {"loc": "", "msg": f"one of these fields is required: {', '.join(scenario.one_of)}"}
    elif rule == "format":
        yield {"loc": loc, "msg": str(error.cause)}
    else:
        yield {
            "loc": loc,
            "msg": _RULES.get(rule, "the value does not fit the field's schema").format(limit=_shown(limit)),
        }


#: What a value must be, by the keyword of JSON Schema that it breaks. ``{limit}``: the keyword's value.
_RULES = {
    "type": "the value must be of type {limit}",
    "enum": "the value must be one of {limit}",
    "const": "the value must be {limit}",
    "minLength": "the text must have at least {limit} characters",
    "maxLength": "the text must have at most {limit} characters",
    "pattern": "the text does not have the field's pattern",
    "minimum": "the number must be at least {limit}",
    "maximum": "the number must be at most {limit}",
    "exclusiveMinimum": "the number must be more than {limit}",
    "exclusiveMaximum": "the number must be less than {limit}",
    "multipleOf": "the number must be a multiple of {limit}",
    "minItems": "the list must have at least {limit} items",
    "maxItems": "the list must have at most {limit} items",
}


def _shown(limit: Json) -> str:
    return ", ".join(map(str, limit[:_MAX_SHOWN])) if isinstance(limit, list) else str(limit)


# Any: jsonschema's validator and its schema, which are not used.
def _pattern(_: Any, pattern: str, instance: Json, __: Any) -> Iterator[ValidationError]:
    """The keyword ``pattern``."""
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError("pattern")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, check in FORMAT_CHECKS.items():
        # Any: a check of one type of value, of those above.
        def is_valid(value: object, check: Any = check) -> bool:
            if isinstance(value, str):
                if len(value) > _MAX_TEXT:
                    raise ValueError(f"the text must have at most {_MAX_TEXT} characters")
                check(value)
            return True

        checker.checks(name, raises=ValueError)(is_valid)
    return checker


_FORMATS = _formats()
