"""Latency of a turn by stage: medians over several turns on a running server (``python -m tests.bench.turn``).

The server is the one of ``make run``; VOXLOOM_PORT, VOXLOOM_DATA_DIR and VOXLOOM_API_KEY say where it is, as ever.
"""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from graph.cli.local_key import local_key
from graph.settings import ApiSettings
from tests.client import Client

_TURNS = 7
_TEXT = "My name is Maria Lopez, account AC-20417. I was charged twice for my bill."
_AUDIO = Path(__file__).parent.parent / "audio" / "LJ001-0006.wav"
_TIMING = """query($id: ID!) { turn(id: $id) { status reply { audio { durationMs } } timing { totalMs queueMs
  unattributedMs firstWordsMs firstTextMs firstAudioMs stages { stage durationMs waitMs } } } }"""


async def main() -> None:
    settings = ApiSettings()
    recording = {"base64": base64.b64encode(_AUDIO.read_bytes()).decode(), "mimeType": "audio/wav"}
    table = Table("median of", "queue", "ASR", "LLM", "TOOL", "TTS", "nobody's", "total", "first words", "first audio")
    async with Client(f"http://{settings.host}:{settings.port}", local_key(settings)) as client:
        for name, content in (("text turns", {"text": _TEXT}), ("audio turns", {"audio": recording})):
            timings = [await _turn(client, content) for _ in range(_TURNS)][1:]  # the first warms up
            table.add_row(f"{len(timings)} {name}", *_medians(timings))
    Console().print(table)


async def _turn(client: Client, content: dict[str, Any]) -> dict[str, Any]:
    session = await client.create_session()
    turn = await client.send(session, content, waitSeconds=30)
    found = (await client.run(_TIMING, id=turn["id"]))["turn"]
    assert found["status"] == "COMPLETED", found
    timing: dict[str, Any] = found["timing"]
    return timing


def _medians(timings: list[dict[str, Any]]) -> list[str]:
    def stage(name: str) -> list[float]:
        return [each["durationMs"] for timing in timings for each in timing["stages"] if each["stage"] == name]

    columns = [
        [timing["queueMs"] for timing in timings],
        *(stage(name) for name in ("ASR", "LLM", "TOOL", "TTS")),
        *([timing[key] for timing in timings if timing[key] is not None] for key in _KEYS),
    ]
    return [f"{median(column):.0f}" if column else "" for column in columns]


_KEYS = ("unattributedMs", "totalMs", "firstWordsMs", "firstAudioMs")

if __name__ == "__main__":
    asyncio.run(main())
