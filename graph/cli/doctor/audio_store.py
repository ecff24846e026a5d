"""Check of the audio store: writes, reads and deletes an object."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from db.audio.store import BucketStore, open_audio_store
from db.errors import BadUserInput
from db.findings import Finding, fault, ok, warning
from graph.cli.doctor.context import Context

_NAME = "audio"
_SECONDS = 20


async def check(context: Context) -> Sequence[Finding]:
    url = context.settings.audio_store_url
    if url is None:
        return [ok(_NAME, "stored in Postgres")]
    shown = _shown(url)
    if await asyncio.to_thread(_is_missing_folder, url):
        return [
            warning(
                _NAME,
                f"{shown} does not exist yet",
                "It is created at the first start: check that its parent folder is writable.",
            )
        ]
    try:
        store = open_audio_store(url)
    except BadUserInput as error:
        return [fault(_NAME, error.message, "Set VOXLOOM_AUDIO_STORE_URL to a URL such as s3://bucket/prefix.")]
    assert isinstance(store, BucketStore)
    try:
        async with asyncio.timeout(_SECONDS):
            await store.probe()
    except Exception as error:  # every kind of store has errors of its own, whose texts repeat addresses
        advice = "Check that it runs, and that the credentials in the environment may write, read and delete."
        return [fault(_NAME, f"{shown} cannot be used ({type(error).__name__})", advice)]
    if url.startswith("memory:"):
        return [
            warning(_NAME, "audio is kept in the memory of one process", "That is for tests: configure a real store.")
        ]
    return [ok(_NAME, f"{shown} stores, reads and deletes objects")]


def _is_missing_folder(url: str) -> bool:
    return url.startswith("file:") and not Path(unquote(urlsplit(url).path)).is_dir()


def _shown(url: str) -> str:
    """The URL without a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
