"""A worker with a broken engine runs with the others; one with an unknown engine exits with an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client import Client
from tests.plugin_packages import write_package
from tests.worker_process import tried_engines, worker_process

_REASON = "The engine hum needs the module no_codec, which is not installed. To install it: pip install voxloom-hum"


async def test_a_broken_engine_is_told_and_the_next_of_the_list_answers(
    client: Client, database_url: str, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    write_package(site, "voxloom-hum", {"tts": "hum = hum_with_no_codec:hum"}, hum_with_no_codec="import no_codec")
    log = tmp_path / "worker.log"
    async with worker_process(database_url, log, packages=site, VOXLOOM_TTS_ENGINE="hum,fake"):
        broken, fake = await tried_engines(client, "TTS", 2)
        assert (broken["engine"], broken["loaded"], broken["error"]) == ("hum", 0, _REASON)
        assert (fake["engine"], fake["loaded"], fake["error"]) == ("fake", 1, None)
        turn = await client.say(await client.create_session(), "hello")
        assert turn["status"] == "COMPLETED"
        assert turn["reply"]["audio"] is not None
    (line,) = [line for line in log.read_text().splitlines() if "no_codec" in line and "stage_failed" not in line]
    told = json.loads(line)
    assert (told["event"], told["stage"], told["engine"]) == ("engine_unavailable", "TTS", "hum")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"VOXLOOM_LLM_ENGINE": "gpt"}, "VOXLOOM_LLM_ENGINE: no installed package has an engine 'gpt' ("),
        (
            {"VOXLOOM_LLM_ENGINE": "openai", "VOXLOOM_OPENAI_TOOL_MODE": "x"},
            "VOXLOOM_OPENAI_TOOL_MODE: Input should be",
        ),
    ],
)
def test_a_setting_that_names_nothing_ends_it_in_one_line(
    database_url: str, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inference.worker.main"],
        env={**os.environ, "DATABASE_URL": database_url, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == os.EX_CONFIG
    assert words in line
