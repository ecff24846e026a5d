"""Packages with engines, written as an installer leaves them: modules beside a .dist-info folder with entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_package(folder: Path, name: str, entry_points: Mapping[str, str], **modules: str) -> None:
    """``entry_points``: by kind, "tts", a line such as ``sine = voxloom_sine:sine``; ``modules``: source by name."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = (f"[voxloom.engines.{kind}]\n{line}\n" for kind, line in entry_points.items())
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
