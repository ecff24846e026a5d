"""`voxloom demo FOLDER`: agents from their files are published, and the first conversation of each is held."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from db.agents.parse import parse_file
from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue.workers import heartbeat
from graph.cli.evals.demo import definitions_in, demonstrate, first_conversations
from tests.client import Client
from tests.db.agents.definitions import small_definition
from tests.graph.cli.command import voxloom

_ENGINE = {"stage": "LLM", "engine": "e", "model": "m", "languages": ["en"], "loaded": True}

EVALS = """
agent: desk
conversations:
  - {name: first, turns: [{say: "Good morning."}, {say: "Good night."}]}
  - {name: second, turns: [{say: "Hello."}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "desk.yaml").write_text(yaml.safe_dump(small_definition(name="desk"), sort_keys=False))
    (tmp_path / "desk.eval.yaml").write_text(EVALS)
    return tmp_path


@pytest_asyncio.fixture
async def living_worker(database: Database, worker: None, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that says that it lives, and the key that commands use."""
    monkeypatch.setenv("VOXLOOM_API_KEY", key)
    async with database.transaction() as session:
        await heartbeat(session, Worker(id=new_id(), host="h", pid=1, capacity=1, engines=[_ENGINE]))


@pytest.mark.usefixtures("living_worker")
async def test_an_agent_is_published_and_its_first_conversation_held(
    api: str, key: str, client: Client, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definitions = [await asyncio.to_thread(parse_file, file) for file in definitions_in([folder])]
    done, spoken = await demonstrate(api, key, definitions, first_conversations([folder]))
    assert done
    assert spoken is not None
    told = capsys.readouterr().out
    assert "Good night." in told
    assert "Hello." not in told
    found = await client.run(
        '{ sessions(first: 1) { nodes { persona turns { status } } } agent(name: "desk") { name } }'
    )
    assert found["agent"] == {"name": "desk"}
    assert found["sessions"]["nodes"] == [{"persona": "desk", "turns": [{"status": "COMPLETED"}] * 2}]


def test_definitions_are_all_but_evals(folder: Path) -> None:
    assert [file.name for file in definitions_in([folder])] == ["desk.yaml"]


def test_the_example_agents_have_a_conversation_each() -> None:
    examples = Path(__file__).parents[4] / "examples" / "agents"
    assert [each.conversation.agent for each in first_conversations([examples])] == [
        "clinic_agent",
        "parcel_agent",
        "restaurant_agent",
        "billing_agent",
    ]


@pytest.mark.parametrize("arguments", [("--live",), ("--audio", "a.wav")], ids=lambda each: each[0])
def test_folders_go_without_other_ways(folder: Path, arguments: tuple[str, ...]) -> None:
    assert "goes without" in voxloom("demo", str(folder), *arguments, home=folder).mistake(code=2)


def test_a_folder_without_conversations(tmp_path: Path) -> None:
    assert "No *.eval.yaml below" in voxloom("demo", str(tmp_path), home=tmp_path).mistake()
