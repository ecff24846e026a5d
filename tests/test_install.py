"""The installer: exact versions with hashes, no compiler, and one line for whatever is wrong."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parent.parent
_REQUIREMENTS = _ROOT / "requirements"
_INSTALLER = _REQUIREMENTS / "install.py"
_LOCKED = ("api.txt", "build.txt", "dev.txt", "run.txt", "weights.txt")


def _installer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", _INSTALLER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _entries(file: str) -> list[str]:
    """One requirement each, its hashes with it."""
    text = "\n".join(
        line for line in (_REQUIREMENTS / file).read_text().splitlines() if not line.lstrip().startswith("#")
    )
    return [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]


@pytest.mark.parametrize("file", _LOCKED)
def test_every_requirement_is_exact_and_has_hashes(file: str) -> None:
    entries = _entries(file)
    assert entries
    for entry in entries:
        assert re.match(r"[\w.\-\[\]]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_lock_is_of_this_pyproject() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    excluded = {canonicalize_name(name) for name in (_REQUIREMENTS / "excluded.txt").read_text().splitlines()}
    gpl = {"espnet-tts-frontend", "unidecode"}
    for file, asked in (
        ("api.txt", project["dependencies"]),
        ("run.txt", [*project["dependencies"], *extras["embedded"], *extras["worker"], *extras["call"]]),
        ("dev.txt", [*project["dependencies"], *extras["dev"]]),
    ):
        pins = {
            canonicalize_name(name): version
            for name, version in re.findall(r"^([\w.\-]+)==([^\s;\\]+)", (_REQUIREMENTS / file).read_text(), re.M)
        }
        assert not excluded & pins.keys()
        assert file == "dev.txt" or not gpl & pins.keys()
        for requirement in map(Requirement, asked):
            pin = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(pin, prereleases=True), (file, str(requirement), pin)


def _install(directory: Path, prelude: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    run = (
        f"import runpy, sys\n{prelude}\nsys.argv = ['install.py', sys.argv[1]]\n"
        f"runpy.run_path({str(_INSTALLER)!r}, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", run, str(directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=os.environ | environment,
    )


def test_another_python_is_refused_in_one_line(tmp_path: Path) -> None:
    done = _install(tmp_path / "env", prelude="sys.version_info = (3, 13, 0, 'final', 0)")
    assert done.returncode == 1
    assert "needs Python 3.11" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "env").exists()


def test_no_network_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)  # half an environment, of an install that was cut off
    (tmp_path / "env" / "bin" / "python").write_text("")
    (tmp_path / "env" / "bin" / "python").chmod(0o755)
    done = _install(
        tmp_path / "env",
        PIP_CONFIG_FILE=os.devnull,
        PIP_FIND_LINKS="",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_NO_CACHE_DIR="1",
    )
    assert done.returncode == 1
    assert "the package index cannot be reached" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Connection refused" in (tmp_path / "env" / "install.log").read_text()


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was locked"),
        ("ERROR: No matching distribution found for av==18.1.0", "no av==18.1.0 for this machine"),
        ("ERROR: something new\n", "something new"),
        ("", "pip failed"),
    ],
)
def test_what_pip_says_becomes_one_line(log: str, told: str) -> None:
    line = _installer().reason_of(log)
    assert told in line
    assert "\n" not in line
