"""The tools that an agent is offered: the CRM tools of its definition, and the external ones that it allows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from inference.ports import ToolSpec
from inference.tools.crm_specs import crm_tools
from inference.tools.external_specs import allowed, may_use


def agent(**changes: Any) -> AgentDefinition:
    """A restaurant's: nothing of it is known to the product."""
    given: dict[str, Any] = {
        "name": "restaurant",
        "description": "Takes reservations.",
        "languages": ["en"],
        "instructions": "You take reservations.",
        "intents": [
            {"name": "book", "scenario": "reservation", "examples": {"en": ["a table for two"]}},
            {"name": "lost_item", "scenario": "lost_property", "examples": {"en": ["I left my coat"]}},
            {"name": "order_status", "scenario": "order", "examples": {"en": ["where is my order"]}},
        ],
        "scenarios": [
            {
                "name": "reservation",
                "description": "A table.",
                "confirm": True,
                "fields": {
                    "guests": {"schema": {"type": "integer", "minimum": 1, "maximum": 20}, "required": True},
                    "seat": {"schema": {"enum": ["inside", "terrace"]}, "description": "Where to sit."},
                },
            },
            {
                "name": "lost_property",
                "description": "Something left behind.",
                "fields": {"seat": {"schema": {"type": "string"}}, "item": {}},
            },
            {"name": "order", "description": "An order.", "tool": "shop__look_up", "confirm": True},
        ],
        "tools": [],
    }
    return AgentDefinition.model_validate({**given, **changes})


def specs(of: AgentDefinition) -> dict[str, ToolSpec]:
    return {each.name: each for each in crm_tools(of)}


def accepts(spec: ToolSpec, **arguments: Any) -> bool:
    return bool(Draft202012Validator(dict(spec.parameters)).is_valid(arguments))


def test_each_scenario_is_a_tool_with_the_fields_of_the_definition() -> None:
    tools = specs(agent())
    assert set(tools) == {"reservation", "lost_property", "find_crm_records", "update_crm_record"}
    assert [tools["reservation"].confirm, tools["lost_property"].confirm] == [True, False]
    assert all(each.repeatable and each.description for each in tools.values())
    book = tools["reservation"]
    said = {"query": "a table", "intent": "book"}
    assert accepts(book, **said, guests=2, seat="terrace", name="Ana", priority="HIGH")
    for wrong in ({}, {"guests": 0}, {"guests": 2, "seat": "roof"}, {"guests": 2, "item": "coat"}):
        assert not accepts(book, **said, **wrong), wrong
    assert not accepts(book, query="a table", intent="lost_item", guests=2)


def test_the_built_in_agents_have_their_scenarios_as_tools() -> None:
    for built_in in builtin_agents().values():
        tools = specs(built_in)
        assert set(tools) == {*built_in.scenario_names, "find_crm_records", "update_crm_record"}
        assert "$ref" not in json.dumps([dict(each.parameters) for each in tools.values()])


def test_an_update_may_give_any_field_and_clear_what_no_record_needs() -> None:
    update = specs(agent())["update_crm_record"]
    assert accepts(update, reference="K472R819", guests=3)
    assert accepts(update, id="x", seat="anywhere"), "a text of one scenario, an enum of the other"
    assert accepts(update, reference="K472R819", seat=None, item=None, phone=None, name=None)
    assert accepts(update, reference="K472R819", intent="lost_item")
    for wrong in ({"guests": 0}, {"query": None}, {"intent": None}, {"priority": None}, {"other": 1}, {"guests": "2"}):
        assert not accepts(update, reference="K472R819", **wrong), wrong


def test_an_agent_that_files_nothing_has_no_crm_tools() -> None:
    assert crm_tools(agent(scenarios=[], intents=[])) == ()
    only_external = [agent().scenarios[2].model_dump(by_alias=True)]
    assert crm_tools(agent(scenarios=only_external, intents=[])) == ()


def test_a_definition_may_limit_the_crm_tools() -> None:
    limited = agent(
        tools=[{"server": "crm", "allow": ["lost_property", "find_crm_records"], "confirm": ["lost_property"]}]
    )
    assert {each.name: each.confirm for each in crm_tools(limited)} == {
        "lost_property": True,
        "find_crm_records": False,
    }


_SHOP = [ToolSpec(f"shop__{name}", name, {}, repeatable=name == "look_up") for name in ("look_up", "charge", "refund")]


@pytest.mark.parametrize(
    ("tools", "offered"),
    [
        ([], {}),
        ([{"server": "other"}], {}),
        ([{"server": "shop"}], {"shop__look_up": True, "shop__charge": False, "shop__refund": False}),
        ([{"server": "shop", "allow": []}], {}),
        (
            [{"server": "shop", "allow": ["charge", "look_up", "fly"], "confirm": ["charge"]}],
            {"shop__look_up": True, "shop__charge": True},
        ),
    ],
)
def test_only_external_tools_that_the_definition_names_are_offered(
    tools: list[dict[str, Any]], offered: dict[str, bool]
) -> None:
    """``offered``: whether each needs a yes. That of a scenario with ``confirm`` always does."""
    mine = agent(tools=tools)
    found = allowed(mine, "shop", _SHOP)
    assert {each.name: each.confirm for each in found} == offered
    assert [each.repeatable for each in found] == [each.name == "shop__look_up" for each in found]
    for each in _SHOP:
        assert may_use(mine, "shop", each.name) is (each.name in offered)
