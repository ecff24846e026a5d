"""The output of ``voxloom up`` when it is ready."""

from __future__ import annotations

import re
import sys

import pytest
from pydantic import SecretStr

from db.commands.sign_in import sign_in
from db.postgres.database import Database
from graph.cli import supervisor
from graph.cli.supervisor import ready_lines
from graph.voice.settings import VoiceSettings


def test_a_key_that_was_made_is_told_and_one_that_was_given_is_not() -> None:
    made = "\n".join(ready_lines(VoiceSettings(api_key=None), "vxl_made_here"))
    assert made.count("vxl_made_here") == 2
    given = "\n".join(ready_lines(VoiceSettings(api_key=SecretStr("chosen-secret")), "chosen-secret"))
    assert "chosen-secret" not in given
    assert "$VOXLOOM_API_KEY" in given


def test_the_console_is_told_with_a_link_or_with_how_to_get_one() -> None:
    linked = ready_lines(VoiceSettings(api_key=None), "key", "vxs_token")
    assert linked[0] == "Console    http://127.0.0.1:8000/#sign-in=vxs_token"
    plain = ready_lines(VoiceSettings(api_key=None, public_url="https://voice.example.com"), "key")
    assert plain[0] == "Console    https://voice.example.com/  (voxloom console-link signs in)"


@pytest.mark.parametrize("is_terminal", [True, False])
async def test_only_a_terminal_is_told_a_link_that_signs_in(
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_terminal: bool,
) -> None:
    monkeypatch.setattr(supervisor, "_READY_CHECKS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.setenv("FORCE_COLOR", "1")  # a log in colours is no terminal
    await supervisor._announce(VoiceSettings(api_key=None), database_url, "vxl_key")
    found = re.search(r"#sign-in=(\S+)", capsys.readouterr().err)
    assert (found is not None) == is_terminal
    if found is not None:
        token = found[1]
        assert (await database.run(lambda session: sign_in(session, token))).secret.startswith("vxl_")
