"""Nothing of what the built-in agents are about stands in code: their names, and words of their trade."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.agents.builtin import builtin_agents

ROOT = Path(__file__).parents[3]
#: The dialogue, the tools and the prompts, of every agent.
FILES = sorted(
    file
    for folder in (
        "db/agents",
        "db/turns",
        "inference/engines/openai",
        "inference/engines/scripted",
        "inference/tools",
        "inference/turn",
        "inference/knowledge",
        "graph/api",
    )
    for pattern in ("*.py", "languages/*/replies.toml", "languages/*/dialogue.toml", "languages/*/guard.toml")
    for file in (ROOT / folder).rglob(pattern)
)
#: Comments and docstrings may give examples of them; a name or a string of code may not be one.
_TRADE = r"telecom\w*|telephone company|broadband|roaming|sim card|modem|router|tariff|internet|landline"
_NAMES = {
    name
    for agent in builtin_agents().values()
    for name in (*(each.name for each in agent.scenarios), *(each.name for each in agent.intents))
    if "_" in name  # "human" and "slow" are words of the language too
}
#: Own fields of the built-in agents: a code that knows them gives no other agent's fields what it gives these.
_FIELDS = {name for agent in builtin_agents().values() for each in agent.scenarios for name in each.fields}


def code_of(source: str) -> str:
    """The source without comments and docstrings."""
    without = re.sub(r'"""(?:[^"\\]|\\.|"(?!""))*"""', "", source)
    return re.sub(r"(?m)(^|\s)#.*$", "", without)


@pytest.mark.parametrize("file", FILES, ids=[str(each.relative_to(ROOT)) for each in FILES])
def test_no_domain_in_code(file: Path) -> None:
    code = code_of(file.read_text(encoding="utf-8"))
    found = re.findall(rf"(?i)\b(?:{_TRADE}|{'|'.join(sorted(_NAMES))})\b", code)
    if not file.is_relative_to(ROOT / "graph"):  # events have a reason too
        found += re.findall(rf"\"(?:{'|'.join(sorted(_FIELDS))})\"", code)
    assert found == []


def test_the_names_are_looked_for() -> None:
    assert {"billing_query", "plan_change", "contact_details_change"} <= _NAMES
    assert {"effective", "reason", "target_plan"} <= _FIELDS
    assert len(FILES) > 100
    assert re.search(_TRADE, code_of('x = "the router"  # a modem'))
    assert not re.search(_TRADE, code_of('"""A router."""\n# a modem\n'))
