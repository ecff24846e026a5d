"""Conversations are played through the API with a worker; a stored one becomes an eval file that plays again."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from graph.cli.api_client import ApiClient
from graph.cli.evals.load import load
from graph.cli.evals.play import Variant
from graph.cli.evals.record import record
from graph.cli.evals.run import evaluate
from graph.evals.conversation import EvalFile
from tests.client import Client

FILE = """
agent: billing_agent
kind: plain
conversations:
  - name: heard-again
    turns:
      - {say: "Good morning.", expect: {filed: [], reply: {any: ["good morning"], language: en}}}
      - {say: "Good night.", expect: {reply: {none: ["morning"]}}}
    expect: {records: []}
  - name: wrongly-expected
    turns: [{say: "Hello.", expect: {filed: [complaint]}}]
"""


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    file = tmp_path / "plain.en.eval.yaml"
    file.write_text(FILE)
    return file


@pytest.mark.usefixtures("worker")
async def test_what_goes_wrong_is_told_and_written_as_junit(
    api: str, key: str, evals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit = evals.with_name("report.xml")
    loaded = load([evals])
    assert not await evaluate(api, key, loaded, [Variant()], jobs=2, junit=junit)
    told = capsys.readouterr().out
    assert "wrongly-expected" in told
    assert "heard-again" not in told
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert await evaluate(api, key, loaded[:1], [Variant()], jobs=2, junit=None)


@pytest.mark.usefixtures("worker")
async def test_a_stored_conversation_becomes_an_eval(api: str, key: str, client: Client, tmp_path: Path) -> None:
    session = await client.create_session(metadata={"name": "Ann Lee"})
    for text in ("Good morning.", "Good night."):
        await client.say(session, text)
    file = tmp_path / "recorded.eval.yaml"
    recorder = ApiClient(api, key)
    try:
        assert await record(recorder, session, file, after=1) == 1
    finally:
        await recorder.close()
    (written,) = EvalFile.model_validate(yaml.safe_load(file.read_text())).conversations
    assert written.turns[0].say == "Good night."
    assert written.known == {"name": "Ann Lee"}
    assert await evaluate(api, key, load([file]), [Variant()], jobs=1, junit=None)
