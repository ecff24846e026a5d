"""The mark of tests that take minutes: how good the engines are, and a short chaos test; see ``make test-quality``."""

from __future__ import annotations

import os

import pytest

quality = pytest.mark.skipif(
    not os.environ.get("QUALITY_REQUIRED"), reason="takes minutes; make test-quality (QUALITY_REQUIRED=1) runs it"
)
