"""Fixtures: the engine, as the tests of engines have it."""

from __future__ import annotations

from tests.inference.engines.conftest import scripted

__all__ = ["scripted"]
