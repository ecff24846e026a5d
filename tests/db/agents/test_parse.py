"""Agent definitions in files and texts: each mistake with its place."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from db.agents import definition as definition_module
from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.parse import MAX_BYTES, parse_definition, parse_file, validate_definition
from db.errors import InvalidDefinition, Problem
from tests.db.agents.definitions import small_agent, small_definition
from tests.waiting import bounded_work

_PACKAGE = Path(definition_module.__file__).parent
_EXAMPLES = Path(__file__).parents[3] / "examples" / "agents"


def problems(text: str, **given: Any) -> list[Problem]:
    with pytest.raises(InvalidDefinition) as refused:
        parse_definition(text, **given)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    "file",
    [*_PACKAGE.glob("builtin/*.yaml"), *(p for p in _EXAMPLES.glob("*/*.yaml") if ".eval." not in p.name)],
    ids=str,
)
def test_the_agents_that_ship_are_valid(file: Path) -> None:
    agent = parse_file(file)
    assert AgentDefinition.model_validate_json(agent.to_json()) == agent


def test_builtin_agents_name_their_schema_and_it_is_the_printed_one() -> None:
    """`make reference` prints it."""
    assert (_PACKAGE / "definition.schema.json").read_text(encoding="utf-8") == AgentDefinition.printed_schema()
    for file in _PACKAGE.glob("builtin/*.yaml"):
        assert file.read_text(encoding="utf-8").startswith(
            "# yaml-language-server: $schema=../definition.schema.json\n"
        )
    assert sorted(builtin_agents()) == sorted(each.stem for each in _PACKAGE.glob("builtin/*.yaml"))


def test_yaml_and_json_are_the_same() -> None:
    given = small_definition(greeting={"en": 'Hi 😀 / "you"'})
    for text in (
        json.dumps(given),
        json.dumps(given, ensure_ascii=False, indent=2),
        json.dumps(given).replace("/", "\\/"),
        "\ufeff" + json.dumps(given, separators=(",", ":")),
        json.dumps(given, indent="\t"),
        yaml.safe_dump(given, allow_unicode=True, sort_keys=False),
    ):
        found = parse_definition(text)
        assert found.to_json() == validate_definition(given).to_json()


def test_places_of_mistakes() -> None:
    text = "\n".join(
        (
            "name: Desk",
            "description: d",
            "langauges: [en]",
            "instructions: 5",
            "intents:",
            "- name: order",
            "  exmaples: {en: [x]}",
            "  examples: {en: [no, 5]}",
            "- order",
            "voices: {english: joe}",
        )
    )
    assert [str(each) for each in problems(text, file="desk.yaml")] == [
        "desk.yaml:1:1: The key 'languages' is missing.",
        "desk.yaml:1:7: name: A name has small letters, digits and underscores, and starts with a letter; at most 64.",
        "desk.yaml:3:1: langauges: Unknown key 'langauges': did you mean 'languages'?",
        "desk.yaml:4:15: instructions: This must be a text. A number, true, false or null that is meant as a text needs"
        " quotes.",
        "desk.yaml:7:3: intents[0].exmaples: Unknown key 'exmaples': did you mean 'examples'?",
        "desk.yaml:8:23: intents[0].examples.en[1]: This must be a text. A number, true, false or null that is meant as"
        " a text needs quotes.",
        "desk.yaml:9:3: intents[1]: This must be a mapping of keys to values.",
        "desk.yaml:10:10: voices.english: A language is its two letters of ISO 639-1, as en.",
    ]
    found = problems(json.dumps({"name": "desk", "colour": "\ud83d\ude00"}, indent=1), file="desk.json")
    assert ("desk.json", 3, 2, "colour") in [(each.file, each.line, each.column, each.path) for each in found]


def test_meaning_has_places_too() -> None:
    text = yaml.safe_dump(small_definition(handover={"scenario": "person"}), sort_keys=False)
    (found,) = problems(text, file="desk.yaml")
    line = text.splitlines()[(found.line or 0) - 1]
    assert (line, found.column) == ("  scenario: person", 13)
    assert found.message == "There is no scenario 'person': use one of reservation."


def test_the_error_of_the_api() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        validate_definition({**small_definition(), "mood": "good", "name": "Desk"})
    assert refused.value.extensions["code"] == "INVALID_DEFINITION"
    assert {each["path"] for each in refused.value.extensions["problems"]} == {"mood", "name"}
    with pytest.raises(InvalidDefinition) as refused:
        validate_definition({**small_definition(), "x" * 10_000: 1})
    (told,) = refused.value.extensions["problems"]
    assert told["path"] == "x" * 64
    assert len(told["message"].encode()) < 600
    for broken in ({"\ud800": 1}, {"greeting": {"\ud800": "x"}}, {"greeting": {"en": "\ud800"}}):
        with pytest.raises(InvalidDefinition, match="lone surrogate") as refused:
            validate_definition({**small_definition(), **broken})
        json.dumps(refused.value.extensions, ensure_ascii=False).encode()
    nothing: Any
    for nothing in (None, [], "x", 5, {}, {"name": {}}):
        with pytest.raises(InvalidDefinition):
            validate_definition(nothing)


def test_ten_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    text = "name: desk\n" + "a: [1, 2]\n" * 1_000_000
    file = tmp_path / "desk.yaml"
    file.write_text(text)
    with bounded_work(10):
        assert [each.message for each in problems(text)] == [f"The definition has more than {MAX_BYTES} bytes."]
        with pytest.raises(InvalidDefinition, match=f"more than {MAX_BYTES} bytes"):
            parse_file(file)
    assert problems("é" * 600_000)[0].message.startswith("The definition has more than")


def test_the_largest_hostile_text_takes_bounded_time() -> None:
    for text in (
        "\n".join(f"key{number}: 1" for number in range(24_000)),
        "intents:\n" + "- {name: A, exmaples: 1}\n" * 12_000,
        "languages: [" + "xx," * 24_000 + "]",
        "name: desk\ndescription: x\ninstructions: x\nlanguages: [en]\nreplies: {a: {en: ['" + "{" * 450 + "']}}",
    ):
        with bounded_work():
            assert problems(text)


# --- files ---------------------------------------------------------------------------------------------------


def desk(folder: Path, source: str = "house.md") -> Path:
    file = folder / "desk.yaml"
    file.write_text(yaml.safe_dump(small_definition(knowledge=[{"source": source}])))
    return file


def refusal(file: Path) -> str:
    with pytest.raises(InvalidDefinition) as refused:
        parse_file(file)
    (found,) = refused.value.problems
    assert found.file == str(file)
    return found.message


def test_knowledge_is_read_beside_the_definition(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "house.md").write_text("# Hours\nNine to five. ✓\n", encoding="utf-8-sig")
    agent = parse_file(desk(tmp_path, "texts/house.md"))
    assert agent.knowledge[0].text == "# Hours\nNine to five. ✓\n"


def test_knowledge_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (home / "link.md").symlink_to(tmp_path / "secret.md")
    (home / "folder").symlink_to(tmp_path)
    (home / "circle").symlink_to(home / "circle")
    for source in ("../secret.md", str(tmp_path / "secret.md"), "link.md", "folder/secret.md"):
        assert refusal(desk(home, source)) == "The file must be in the definition's folder."
    for source in ("nothing.md", "circle", "a" * 200, "desk.yaml/x"):
        assert "no such file" in refusal(desk(home, source)), source
    assert refusal(desk(home, ".")) == "This is not a file."


def test_knowledge_that_is_no_text(tmp_path: Path) -> None:
    for data, rule in (
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text in UTF-8: line 1, byte 0"),
        ("Grüße".encode("latin-1"), "not text in UTF-8: line 1, byte 2"),
        (b"line\nline\n\xff", "line 3, byte 10"),
        (b"a\0b", "NUL"),
        (b"a" * 1_000_001, "more than 1000000 bytes"),
        (b" \n", "The text is empty"),
    ):
        (tmp_path / "house.md").write_bytes(data)
        assert rule in refusal(desk(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "house.md")
    assert refusal(desk(tmp_path)) == "This is not a file."
    os.mkfifo(tmp_path / "pipe.yaml")
    assert refusal(tmp_path / "pipe.yaml") == "This is not a file."
    assert refusal(tmp_path) == "This is not a file."
    assert re.search("cannot be read", refusal(tmp_path / "nothing.yaml"))


def test_the_checksum_is_of_the_content() -> None:
    assert small_agent().checksum == validate_definition(json.loads(small_agent().to_json())).checksum
    assert small_agent().checksum == small_agent(greeting={}, tests=[]).checksum, "defaults are left out"
    assert small_agent().checksum != small_agent(description="Other.").checksum
