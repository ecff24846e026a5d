"""`voxloom demo FOLDER`: agents are published from their files, and the first conversation of each is held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from db.agents.definition import AgentDefinition
from graph.cli.agents.remote import remote_agents
from graph.cli.demo import DemoConversation, DemoLine, hold_conversation
from graph.cli.evals.load import Loaded, load
from graph.cli.evals.sounds import Sounds

_DEFINITIONS = ("*.yaml", "*.yml", "*.json")


def definitions_in(folders: Sequence[Path]) -> list[Path]:
    """Files of definitions in these folders: all YAML and JSON but eval files."""
    found = {file for folder in folders for pattern in _DEFINITIONS for file in folder.rglob(pattern)}
    return sorted(file for file in found if ".eval." not in file.name)


def first_conversations(folders: Sequence[Path]) -> list[Loaded]:
    """The first conversation of each eval file. Raises BadUserInput."""
    first: dict[Path, Loaded] = {}
    for each in load(folders):
        first.setdefault(each.file, each)
    return list(first.values())


async def demonstrate(
    base: str, key: str, definitions: Sequence[AgentDefinition], conversations: Sequence[Loaded]
) -> tuple[bool, bytes | None]:
    """Publishes the agents and holds the conversations. Returns as ``hold_conversation`` does."""
    async with remote_agents(base) as agents:
        for each in definitions:
            await agents.publish(each, expected_version=None)
    sounds = Sounds()
    all_done, spoken = True, None
    try:
        for loaded in conversations:
            done, reply = await hold_conversation(base, key, await _with_sound(loaded, sounds))
            all_done, spoken = all_done and done, reply or spoken
    finally:
        await sounds.close()
    return all_done, spoken


async def _with_sound(loaded: Loaded, sounds: Sounds) -> DemoConversation:
    held, folder = loaded.conversation, loaded.file.parent
    lines = [
        DemoLine(line.words, None if line.say is not None else await sounds.of(line, held.language, folder))
        for line in held.turns
    ]
    return DemoConversation(held.agent, held.language, lines, held.known)
