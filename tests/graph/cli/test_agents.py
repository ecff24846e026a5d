"""``voxloom agents``: check without a server; publish, list, show, diff and archive through a running one."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from db.agents.builtin import builtin_agents
from graph.cli.evals.load import load
from tests.db.agents.definitions import small_definition
from tests.graph.cli.command import Ended, voxloom


def written(folder: Path, title: str = "desk.yaml", **changes: Any) -> Path:
    file = folder / title
    file.write_text(yaml.safe_dump(small_definition(**changes), sort_keys=False), encoding="utf-8")
    return file


def check(*files: Path) -> Ended:
    return voxloom("agents", "check", *map(str, files), home=files[0].parent)


def test_valid_definitions(tmp_path: Path) -> None:
    ended = check(written(tmp_path), written(tmp_path, "other.yaml", name="other"))
    assert (ended.code, ended.err) == (0, "")
    assert [line.rpartition("/")[2] for line in ended.out.splitlines()] == [
        "desk.yaml: desk is valid (en; scenarios: 1)",
        "other.yaml: other is valid (en; scenarios: 1)",
    ]


def test_every_mistake_is_a_line_with_its_place(tmp_path: Path) -> None:
    good = written(tmp_path)
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text() + "colour: red\nhandover:\n  scenario: nobody\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [\n")
    ended = check(good, bad, broken, tmp_path / "nowhere.yaml", tmp_path)
    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    length = len(good.read_text().splitlines())
    assert lines[0].startswith(f"{bad}:{length + 1}:1: colour: ")
    assert any(line.startswith(f"{broken}:") and line.count(":") >= 3 for line in lines)
    assert any(line.startswith(f"{tmp_path / 'nowhere.yaml'}: ") for line in lines)
    assert lines[-1] == f"{tmp_path}: This is not a file."
    bad.write_text(good.read_text() + "handover:\n  scenario: nobody\n")
    (line,) = check(bad).err.splitlines()
    assert line.startswith(f"{bad}:{length + 2}:13: handover.scenario: ")


def test_a_text_that_a_comma_splits_is_a_warning(tmp_path: Path) -> None:
    file = written(tmp_path)
    length = len(file.read_text().splitlines())
    file.write_text(file.read_text() + "greeting:\n  en: [Hello, there]\n", encoding="utf-8")
    ended = check(file)
    assert ended.code == 0 and ended.out.endswith("desk is valid (en; scenarios: 1)\n")
    assert ended.err.startswith(f"{file}:{length + 2}:8: greeting.en[0]: warning: 'Hello' and 'there' are two texts")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check",), "Missing argument"),
        (("publish", "a.yaml", "b.yaml", "--expect", "1"), "--expect goes with one file"),
        (("diff", "desk"), "give FILE, FILE V1, NAME V1 or NAME V1 V2"),
        (("diff", "desk", "1", "2", "3"), "give FILE, FILE V1, NAME V1 or NAME V1 V2"),
        (("diff", "./desk.yaml", "1", "2"), "give FILE, FILE V1, NAME V1 or NAME V1 V2"),
        (("diff", "desk", "x"), "a valid integer"),
        (("show", "desk", "--version", "0"), "greater than or equal to 1"),
        (("begin",), "No such command 'begin'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in voxloom("agents", *arguments, home=tmp_path).mistake(code=2)


def test_nobody_listens(tmp_path: Path) -> None:
    file = written(tmp_path)
    for arguments in (("publish", str(file)), ("list",), ("show", "desk"), ("diff", str(file)), ("archive", "desk")):
        line = voxloom("agents", *arguments, home=tmp_path, VOXLOOM_PORT="1").mistake()
        assert line.startswith("SERVER_UNUSABLE: Nothing answers at http://127.0.0.1:1")


def test_the_definition_and_the_conversations_of_the_guide_are_valid(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "make-your-own-agent.md").read_text()
    definition, conversations = re.findall(r"^```yaml\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    file = tmp_path / "hotel.yaml"
    file.write_text(definition, encoding="utf-8")
    assert check(file).out.endswith("hotel.yaml: hotel_agent is valid (en; scenarios: 1)\n")
    evals = tmp_path / "hotel.eval.yaml"
    evals.write_text(conversations, encoding="utf-8")
    assert {each.conversation.agent for each in load([evals])} == {"hotel_agent"}


def test_the_json_schema(tmp_path: Path) -> None:
    schema = json.loads(voxloom("agents", "schema", home=tmp_path).out)
    assert schema["properties"]["intents"] and schema["additionalProperties"] is False


async def test_an_agent_from_its_file_to_its_archive(api: str, key: str, tmp_path: Path) -> None:
    settings = {"VOXLOOM_PORT": api.rpartition(":")[2], "VOXLOOM_API_KEY": key, "COLUMNS": "200"}

    async def agents(*arguments: str) -> Ended:
        return await asyncio.to_thread(lambda: voxloom("agents", *arguments, home=tmp_path, **settings))

    file = written(tmp_path)
    wrong = written(tmp_path, "wrong.yaml", name="wrong", colour="red")
    refused = await agents("publish", str(file), str(wrong))
    assert (refused.code, refused.out) == (1, "") and refused.err.count("\n") == 1  # neither is published
    published = await agents("publish", str(file), "--expect", "0")
    assert (published.code, published.err) == (0, "")
    assert published.out == "desk: version 1 is published\n"
    assert (await agents("publish", str(file))).out == "desk: version 1 is published (it was known already)\n"
    assert (await agents("diff", str(file))).out == ""

    written(tmp_path, description="Takes other reservations.")
    told = await agents("diff", str(file))
    assert told.code == 1 and "-description: Takes reservations.\n+description: Takes other reservations.\n" in told.out
    assert (await agents("publish", str(file), "--expect", "0")).mistake().startswith("CONFLICT: ")
    tried_out = await agents("publish", str(file), "--dry-run")
    assert tried_out.out.startswith("desk: version 1 would become a new version\n  ")
    assert (await agents("publish", str(file), "--expect", "1")).out == "desk: version 2 is published\n"
    assert (await agents("publish", str(file), "--dry-run")).out == "desk: version 2 is the same\n"
    between = await agents("diff", "desk", "1")
    assert between.code == 1 and between.out.splitlines()[:2] == ["--- desk version 1", "+++ desk version 2"]
    assert (await agents("diff", "desk", "2", "2")).code == 0

    shown = await agents("show", "desk", "--version", "1")
    assert shown.out.startswith("# desk, version 1 (current: 2), published ")
    again = tmp_path / "again.yaml"
    again.write_text(shown.out, encoding="utf-8")
    assert (await agents("publish", str(again))).out == "desk: version 1 is published (it was known already)\n"
    tried = written(tmp_path, "tried.yaml", description="Tried first.")
    assert (await agents("publish", str(tried), "--draft")).out == "desk: version 3 is stored\n"
    assert (await agents("show", "desk", "--version", "3")).out.startswith(
        "# desk, version 3 (current: 1), stored as a draft "
    )
    built = await agents("show", "billing_agent")
    assert yaml.safe_load(built.out) == json.loads(builtin_agents()["billing_agent"].to_json())

    (line,) = [each for each in (await agents("list")).out.splitlines() if "desk" in each]
    assert "Takes reservations." in line and "test" in line
    assert (await agents("archive", "desk")).out == "desk is archived.\n"
    assert "desk" not in (await agents("list")).out
    assert "1 (archived)" in (await agents("list", "--archived")).out
    for unknown in (
        ("show", "nobody"),
        ("show", "desk", "--version", "9"),
        ("archive", "nobody"),
        ("diff", "nobody", "1"),
    ):
        assert (await agents(*unknown)).mistake().startswith("AGENT_NOT_FOUND: ")
