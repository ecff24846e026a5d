"""The browser that tests drive."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.async_api import expect

_NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome", "google-chrome-stable")

#: It reaches this machine and no other.
ARGUMENTS = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

#: Milliseconds for what never comes; a busy machine takes less.
WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)


def chromium_program() -> str:
    """$CHROMIUM, or the first of the usual names on PATH; skips the test where there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        missing = "no Chromium here: install it (Debian: apt-get install chromium) or point CHROMIUM at it"
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
