"""``voxloom call``: talk to the running server."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Annotated

import typer

from db.defaults import DEFAULT_AGENT
from db.entry_point import UsageError
from db.load_settings import load_settings
from graph.cli.address import voice_base_url
from graph.cli.local_key import local_key
from graph.settings import ApiSettings


def call(
    *,
    wav: Annotated[Path | None, typer.Option(help="A recording to speak, instead of the microphone.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the assistant's voice is written, with --wav.")] = None,
    agent: Annotated[str, typer.Option(help="The agent, or a version of it: NAME@VERSION.")] = DEFAULT_AGENT,
    language: Annotated[str, typer.Option(help="The call's language, or auto.")] = "en",
    customer: Annotated[str | None, typer.Option(help="The customer's id; a new one by default.")] = None,
    url: Annotated[str | None, typer.Option(help="The voice role's URL; this machine's by default.")] = None,
) -> None:
    """Talk to the running server: microphone and loudspeaker, or recordings.

    Shows the words live, and how long each answer took.
    """
    from rich.console import Console  # noqa: PLC0415 - the other commands do without it

    from graph.cli.call.run import CallPlan, play, talk  # noqa: PLC0415 - the other commands do without it

    if (wav is None) != (out is None):
        raise UsageError("voxloom call: --wav and --out go together. See `voxloom call --help`.")
    settings = load_settings(ApiSettings)
    plan = CallPlan(
        base=(url or voice_base_url(settings)).rstrip("/"),
        key=local_key(settings),
        agent=agent,
        customer_id=customer or f"caller-{uuid.uuid4().hex[:6]}",
        language=language,
    )
    console = Console()
    if wav is None or out is None:
        log = asyncio.run(talk(plan, console))
    else:
        log = asyncio.run(play(plan, wav, out, console))
        console.print(f"[bold]The assistant's voice is in[/] {out}")
    for failure in log.failures:
        console.print(failure, style="red", markup=False)
    raise typer.Exit(1 if log.failures else 0)
