"""Builds an example's page as ``npm run build`` does, with the packages of tests/clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_CLIENTS = Path(__file__).parents[1] / "clients"


def packages_of_clients() -> dict[str, str]:
    """The packages of the tests' clients, with their versions."""
    found: dict[str, str] = json.loads((_CLIENTS / "package.json").read_text())["dependencies"]
    return found


def build(example: Path, outfile: Path) -> None:
    """Skips the test where Node or its packages are missing."""
    packages = _CLIENTS / "node_modules"
    if shutil.which("node") is None or not (packages / "esbuild").is_dir():
        missing = "no Node, or its packages are not installed: make test-clients"
        if os.environ.get("CLIENTS_REQUIRED"):
            pytest.fail(missing)
        pytest.skip(missing)
    program, *arguments = json.loads((example / "package.json").read_text())["scripts"]["build"].split()
    arguments[-1] = f"--outfile={outfile}"
    subprocess.run(
        [packages / ".bin" / program, *arguments],
        cwd=example,
        env={**os.environ, "NODE_PATH": str(packages)},
        check=True,
        capture_output=True,
        timeout=200,
    )
