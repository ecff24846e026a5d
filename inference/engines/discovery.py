"""Which engines are installed: entry points of the groups ``voxloom.engines.asr``, ``.streaming_asr``, ``.llm``
and ``.tts``.

Nothing here imports an engine: entry points are metadata of installed packages (Python packaging specification,
"Entry points").
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from db.load_settings import BadSettings

Kind = Literal["asr", "streaming_asr", "llm", "tts"]

_OURS = "voxloom"
_PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def group_of(kind: Kind) -> str:
    """The entry-point group of a kind of engine."""
    return f"voxloom.engines.{kind}"


def installed_engines(kind: Kind) -> dict[str, list[EntryPoint]]:
    """The engines that can be named in a setting, sorted by name; more than one entry where packages share a name."""
    group = group_of(kind)
    found = list(entry_points(group=group))
    tree = _source_tree()
    if tree is not None:
        others = [each for each in found if each.dist is None or each.dist.name != _OURS]
        found = [*(EntryPoint(name, value, group) for name, value in tree.get(group, {}).items()), *others]
    engines: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for each in sorted(found, key=lambda entry: entry.name):
        engines[each.name].append(each)
    return dict(engines)


def find_engine(kind: Kind, name: str, *, setting: str) -> EntryPoint:
    """The entry point of an engine, not imported. Raises BadSettings, naming ``setting``, for none and for several."""
    installed = installed_engines(kind)
    found = installed.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        packages = " and ".join(sorted(_OURS if each.dist is None else each.dist.name for each in found))
        raise BadSettings([f"{setting}: several packages have an engine {name}: {packages}; uninstall all but one"])
    raise BadSettings(
        [
            f"{setting}: no installed package has an engine {name!r} (entry point of {group_of(kind)}); "
            f"installed: {', '.join(installed) or 'none'}"
        ]
    )


def _source_tree() -> dict[str, dict[str, str]] | None:
    """VoxLoom's own entry points by group, from pyproject.toml where VoxLoom runs from its source tree; else None.

    There the installed metadata is missing (PYTHONPATH alone) or of the commit that was last installed.
    """
    try:
        project = tomllib.loads(_PYPROJECT.read_text())["project"]
    except (FileNotFoundError, KeyError):
        return None
    if project.get("name") != _OURS:
        return None
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})
    return groups
