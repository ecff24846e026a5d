"""Starts VoxLoom's programs as forks of a process that has imported them: imports are most of a command's time.

``subprocess`` and ``asyncio`` start what they are told to, as children of the test's process with their own pipes,
environment, folder and process group; only ``python -m MODULE`` of ``PROGRAMS``, with no other ``PYTHONPATH`` than this
tree, is forked instead of executed. On other systems than Linux, and with ``TESTS_FORK=0``, every program is executed.
What holds for a new interpreter alone (Ctrl-C while it imports, what a command imports) is tested by other starts.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import inspect
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent

#: Modules that are forked, by what a server for them imports: packages with all that is below, or modules.
_VOXLOOM = ("graph.cli.*", "graph.voice.*", "inference.worker.*")
_DECODER = ("db.audio.decoding", "db.audio.decoder_protocol", "db.subprocesses.confinement")  # its memory is limited
_MCP_SERVER = ("mcp.server.stdio", "mcp.server.streamable_http_manager", "uvicorn")
PROGRAMS = {
    "graph.cli": _VOXLOOM,
    "graph.cli.main": _VOXLOOM,
    "graph.voice": _VOXLOOM,
    "inference.worker": _VOXLOOM,
    "inference.worker.health": _VOXLOOM,
    "inference.worker.main": _VOXLOOM,
    "db.audio.decoder_process": _DECODER,
    "tests.inference.tools.shop_server": _MCP_SERVER,
}

#: Modules that run when they are imported, or that ``python -m`` would find imported already.
_ENTRY_POINTS = ("__main__", "main", "health")

_MAX_REQUEST = 128 * 1024
_PR_SET_CHILD_SUBREAPER = 36

#: The parameters that ``_start`` knows: those of Python 3.11.
_PARAMETERS = (
    "self args executable preexec_fn close_fds pass_fds cwd env startupinfo creationflags shell p2cread p2cwrite "
    "c2pread c2pwrite errread errwrite restore_signals gid gids uid umask start_new_session process_group"
)
#: Seconds for a server to have imported its modules and to fork.
_FORK_SECONDS = 120.0

_execute_child: Any = subprocess.Popen._execute_child  # type: ignore[attr-defined]  # typeshed leaves it out


class ForkServer:
    """The server, a child of this process, which becomes the parent of what it forks."""

    def __init__(self, imported: Sequence[str], environment: Mapping[str, str]) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_FORK_SECONDS)
        command = [sys.executable, "-m", "tests.fork_server", str(other.fileno()), *imported]
        passed = [other.fileno()]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=passed, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        other.close()

    def fork(self, request: dict[str, object], files: list[int]) -> int:
        """Starts a program with these files as standard input, output and error; its process id."""
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        # The server's child ends at once: its own child, the program, goes to the nearest subreaper above.
        assert prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], files)
            return int(self._socket.recv(32))
        finally:
            prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def stop(self) -> None:
        self._socket.close()
        self._process.wait(20)


_servers: dict[tuple[str, ...], ForkServer] = {}


def install() -> None:
    """Forks programs from here on, if this Python's ``subprocess`` is as ``_start`` knows it."""
    known = list(inspect.signature(_execute_child).parameters) == _PARAMETERS.split()
    if sys.platform == "linux" and known and os.environ.get("TESTS_FORK") != "0":
        subprocess.Popen._execute_child = _start  # type: ignore[attr-defined]  # typeshed leaves it out


@contextmanager
def executed() -> Iterator[None]:
    """Executes every program within: what is asked of a process (its environment, files, command line) needs that."""
    forked = subprocess.Popen._execute_child  # type: ignore[attr-defined]  # typeshed leaves it out
    subprocess.Popen._execute_child = _execute_child  # type: ignore[attr-defined]  # typeshed leaves it out
    try:
        yield
    finally:
        subprocess.Popen._execute_child = forked  # type: ignore[attr-defined]  # typeshed leaves it out


def stop() -> None:
    while _servers:
        _servers.popitem()[1].stop()


def _start(process: Any, *given: Any) -> None:
    """In place of ``Popen._execute_child``, whose positional arguments of Python 3.11 ``given`` are."""
    arguments, _, before, _, kept_files, folder, environment, _, _, shell, *rest = given
    reads, _, _, writes, _, errors, restore_signals, *identity, session, group = rest
    values = dict(os.environ if environment is None else environment)
    command = [] if isinstance(arguments, str | bytes) else [str(each) for each in arguments if each != "-P"]
    imported = PROGRAMS.get(command[2]) if command[:2] == [sys.executable, "-m"] else None
    if (
        imported is None
        or {*values.get("PYTHONPATH", str(ROOT)).split(os.pathsep)} != {str(ROOT)}
        or shell
        or before is not None
        or kept_files
        or not restore_signals
        or identity != [None, None, None, -1]
    ):
        _execute_child(process, *given)
        return
    if imported not in _servers:
        _servers[imported] = ForkServer(imported, {**values, "PYTHONPATH": str(ROOT)})
    request = {
        "arguments": command[2:],
        "folder": os.fspath(folder or Path.cwd()),
        "environment": values,
        "session": session,
        "group": group,
    }
    files = [own if passed == -1 else passed for own, passed in enumerate((reads, writes, errors))]
    process.pid = _servers[imported].fork(request, files)
    process._child_created = True
    process._close_pipe_fds(*rest[:6])


def serve(channel: socket.socket) -> dict[str, Any]:
    """Forks for each request until the tests end; returns in the fork alone, with its request."""
    while True:
        data, files, _, _ = socket.recv_fds(channel, _MAX_REQUEST, 3)
        if not data:
            os._exit(0)
        reader, writer = os.pipe()
        between = os.fork()
        if between == 0:
            program = os.fork()
            if program:
                os.write(writer, str(program).encode())
                os._exit(0)
            for number, file in enumerate(files):
                os.dup2(file, number)
            for file in {*files, reader, writer, channel.fileno()}:
                os.close(file)
            channel.detach()
            request: dict[str, Any] = json.loads(data)
            return request
        os.waitpid(between, 0)
        channel.send(os.read(reader, 32))
        for file in (*files, reader, writer):
            os.close(file)


def become(request: dict[str, Any]) -> NoReturn:
    """Runs the program, as ``python -m`` does."""
    if request["session"]:
        os.setsid()
    if request["group"] >= 0:
        os.setpgid(0, request["group"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    module, *arguments = request["arguments"]
    sys.argv = [module, *arguments]
    gc.enable()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        code = end.code
    # What the interpreter's end does, but for the deletion of every module, which would copy the server's memory.
    threading._shutdown()  # type: ignore[attr-defined]  # typeshed leaves it out
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # tried once more, and told, by the interpreter
        sys.exit(code)
    os._exit(code)


def load(imported: Sequence[str]) -> None:
    """Imports what the programs are made of."""
    gc.disable()
    for each in imported:
        name = each.removesuffix(".*")
        module = importlib.import_module(name)
        if name == each:
            continue
        for found in pkgutil.walk_packages(module.__path__, f"{name}."):
            if found.name.rpartition(".")[2] not in _ENTRY_POINTS:
                importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    # Ctrl-C ends the tests, which stop the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load(sys.argv[2:])
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
