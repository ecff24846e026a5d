"""``voxloom up`` does not restart a process that cannot use its settings."""

from __future__ import annotations

from pathlib import Path

from tests.graph.cli.command import voxloom


def test_up_stops_at_once_when_the_voice_role_cannot_use_its_settings(database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": database_url, "VOXLOOM_PORT": "0", "VOXLOOM_LLM_ENGINE": "gpt"}
    ended = voxloom("up", home=tmp_path, **settings)
    assert ended.code == 1
    assert ended.err.count("VOXLOOM_LLM_ENGINE: no installed package has an engine 'gpt'") == 1
    assert "graph.voice cannot use its settings; stopping the rest." in ended.err
    assert "starting it again" not in ended.err
