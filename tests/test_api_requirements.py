"""requirements/api.txt: enough for the API, and nothing that run.txt does not have."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parent.parent

#: Imports each module given on the command line, while those on standard input are not there.
_IMPORT_WITHOUT = """
import importlib, json, sys
absent = set(json.load(sys.stdin))
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is not in api.txt", name=name)
sys.meta_path.insert(0, Absent())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def _pinned(file: str) -> set[str]:
    """Versions and hashes, without the markers of the platforms that need them."""
    lines = (_ROOT / "requirements" / file).read_text().splitlines()
    return {line.partition(" ;")[0].rstrip(" \\") for line in lines if line and not line.startswith("#")}


def _names(pinned: set[str]) -> set[str]:
    return {canonicalize_name(line.partition("==")[0]) for line in pinned}


def test_the_api_has_the_versions_of_the_whole() -> None:
    assert _pinned("api.txt") <= _pinned("run.txt")
    assert _names(_pinned("api.txt")).isdisjoint({"torch", "espnet", "openai-whisper", "onnxruntime", "ctranslate2"})


def test_the_api_starts_with_these_packages_alone() -> None:
    ours = _names(_pinned("api.txt")) | {"voxloom"}
    absent = [
        module
        for module, distributions in packages_distributions().items()
        if not ours & {canonicalize_name(name) for name in distributions}
    ]
    assert "torch" in absent
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _IMPORT_WITHOUT,
            "graph.app",
            "graph.cli.main",
            "graph.cli.demo",
            "graph.cli.call.demo",
            "graph.cli.evals.run",
            "graph.cli.evals.record",
            "migrations",
        ],
        input=json.dumps(absent),
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
