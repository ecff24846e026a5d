"""``voxloom demo`` without a server, with another server, an error response, or no worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue import workers
from tests.graph.cli.command import voxloom


class _Stranger(BaseHTTPRequestHandler):
    """Answers with what the server was given; with nothing, it hangs up."""

    def do_POST(self) -> None:
        answer = getattr(self.server, "answer", b"")
        if answer:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Logs nothing."""


@contextmanager
def stranger(answer: bytes) -> Iterator[str]:
    """The port of another program."""
    with HTTPServer(("127.0.0.1", 0), _Stranger) as server:
        server.answer = answer  # type: ignore[attr-defined]  # read by the handler
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield str(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def test_nobody_listens(tmp_path: Path) -> None:
    line = voxloom("demo", home=tmp_path, VOXLOOM_PORT="1").mistake()
    assert line == "SERVER_UNUSABLE: Nothing answers at http://127.0.0.1:1: start it with `voxloom up` (or `make run`)."


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"hello", "is not VoxLoom"),
        (b"[]", "is not VoxLoom"),
        (b'{"data": null}', "is not VoxLoom"),
        (b'{"errors": [{"message": "no"}]}', "is not VoxLoom"),
        (b"", "closed the connection"),
    ],
    ids=["text", "list", "no data", "no code", "hangs up"],
)
def test_another_program(tmp_path: Path, answer: bytes, told: str) -> None:
    with stranger(answer) as port:
        line = voxloom("demo", home=tmp_path, VOXLOOM_PORT=port).mistake()
    assert line.startswith("SERVER_UNUSABLE: ") and told in line


async def test_a_key_that_is_none(api: str, tmp_path: Path) -> None:
    settings = {"VOXLOOM_PORT": api.rpartition(":")[2], "VOXLOOM_API_KEY": "no-such-key"}
    ended = await asyncio.to_thread(lambda: voxloom("demo", home=tmp_path, **settings))
    assert ended.mistake().startswith("UNAUTHENTICATED: ")


async def test_no_worker(api: str, key: str, tmp_path: Path) -> None:
    settings = {"VOXLOOM_PORT": api.rpartition(":")[2], "VOXLOOM_API_KEY": key}
    ended = await asyncio.to_thread(lambda: voxloom("demo", home=tmp_path, **settings))
    assert ended.mistake().startswith("SERVER_UNUSABLE: No worker is running")


async def test_a_recording_that_is_none(api: str, key: str, worker: None, database: Database, tmp_path: Path) -> None:
    engine = {"stage": "LLM", "engine": "fake", "model": "fake", "languages": [], "loaded": True, "error": None}
    living = Worker(id=new_id(), host="here", pid=1, capacity=1, engines=[engine])
    await database.run(lambda session: workers.heartbeat(session, living))
    recording = tmp_path / "recording.wav"
    recording.write_bytes(b"not a recording" * 100)
    settings = {"VOXLOOM_PORT": api.rpartition(":")[2], "VOXLOOM_API_KEY": key}
    ended = await asyncio.to_thread(lambda: voxloom("demo", "--audio", str(recording), home=tmp_path, **settings))
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("AUDIO_UNREADABLE: ")
