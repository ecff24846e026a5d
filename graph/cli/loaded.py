"""Waits until the models of a server's workers are loaded."""

from __future__ import annotations

import asyncio

from rich.console import Console

from graph.cli.api_client import ApiClient, ServerObject

_ENGINES = "{ capabilities { engines { stage engine loaded error } } }"
_LOOK_SECONDS = 1.0
_LOOKS = 300


async def wait_until_loaded(api: ApiClient, console: Console) -> list[ServerObject]:
    """Returns the engines once each is loaded or has failed, or after five minutes; at once where there is no worker.

    A turn that is sent earlier waits in the queue, as long as loading takes.
    """
    engines: list[ServerObject] = []
    for look in range(_LOOKS):
        engines = (await api.call(_ENGINES))["capabilities"]["engines"]
        loading = [each["engine"] for each in engines if not each["loaded"] and not each["error"]]
        if not loading:
            break
        if look == 0:
            console.print(f"Waiting until models are loaded: {', '.join(loading)}", markup=False)
        await asyncio.sleep(_LOOK_SECONDS)
    return engines
