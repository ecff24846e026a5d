"""``python -m graph.cli`` is ``voxloom``."""

from __future__ import annotations

from graph.cli.main import main

main()
