"""``voxloom demo`` and ``schema``: a sample conversation, and the GraphQL schema."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from db.defaults import DEFAULT_AGENT
from db.entry_point import UsageError
from db.errors import BadUserInput
from db.load_settings import load_settings
from graph.cli.address import base_url, voice_base_url
from graph.cli.local_key import local_key
from graph.settings import ApiSettings


def demo(
    agents: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER...]", help="Folders of agents: definitions and eval files.", exists=True, file_okay=False
        ),
    ] = None,
    *,
    audio: Annotated[Path | None, typer.Option(help="Your own recording instead of the sample.")] = None,
    save: Annotated[Path, typer.Option(help="Where the spoken reply is saved.")] = Path("reply.wav"),
    live: Annotated[bool, typer.Option("--live", help="A spoken call with an interruption, in real time.")] = False,
) -> None:
    """Hold a short conversation with the running server.

    Sends a text, then a recording; shows every event live, then each turn's timing and CRM records. With folders of
    agents it publishes their definitions, and holds the first conversation of each eval file. With --live it calls,
    speaks over a reply, and checks what the record holds of it; exit code 1 if that is not as it must be.
    """

    settings = load_settings(ApiSettings)
    if live:
        if audio is not None or agents:
            raise UsageError("voxloom demo: --live goes without --audio and folders. See `voxloom demo --help`.")
        _check_writable(save)
        raise typer.Exit(0 if _call(settings, save) else 1)
    if agents and audio is not None:
        raise UsageError("voxloom demo: --audio goes without folders. See `voxloom demo --help`.")
    done, spoken = _of_agents(settings, agents, save) if agents else _sample(settings, audio, save)
    if spoken is not None:
        save.write_bytes(spoken)
        from rich.console import Console  # noqa: PLC0415 - the other commands do without it

        Console().print(f"[bold]The spoken reply is in[/] {save}")
    raise typer.Exit(0 if done else 1)


def _sample(settings: ApiSettings, audio: Path | None, save: Path) -> tuple[bool, bytes | None]:
    from graph.cli.demo import (  # noqa: PLC0415 - the other commands do without it
        hold_conversation,
        shipped_conversation,
        shipped_recording,
    )

    recording = shipped_recording() if audio is None else _recording(audio, settings.max_audio_bytes)
    _check_writable(save)
    held = shipped_conversation(recording)
    return asyncio.run(hold_conversation(base_url(settings), local_key(settings), held))


def _of_agents(settings: ApiSettings, folders: list[Path], save: Path) -> tuple[bool, bytes | None]:
    from graph.cli.commands.agents import read_definitions  # noqa: PLC0415 - the other commands do without it
    from graph.cli.evals.demo import definitions_in, demonstrate, first_conversations  # noqa: PLC0415 - likewise

    definitions = [definition for _, definition in read_definitions(definitions_in(folders))]
    conversations = first_conversations(folders)
    _check_writable(save)
    return asyncio.run(demonstrate(base_url(settings), local_key(settings), definitions, conversations))


def _call(settings: ApiSettings, save: Path) -> bool:
    from rich.console import Console  # noqa: PLC0415 - the other commands do without it

    from graph.cli.call.demo import hold_call  # noqa: PLC0415 - the other commands do without it
    from graph.cli.call.run import CallPlan  # noqa: PLC0415 - likewise

    customer = f"demo-{uuid.uuid4().hex[:6]}"
    plan = CallPlan(voice_base_url(settings), local_key(settings), DEFAULT_AGENT, customer, "en")
    console = Console()
    done = asyncio.run(hold_call(plan, base_url(settings), console, save))
    console.print(f"[bold]What the caller heard is in[/] {save}")
    return done


def schema(
    file: Annotated[Path | None, typer.Argument(help="The output file; standard output by default.")] = None,
) -> None:
    """Print the GraphQL schema, for the code generators of clients."""
    from graph.api.schema import printed_schema  # noqa: PLC0415 - the other commands start without it

    if file is None:
        sys.stdout.write(printed_schema())
    else:
        file.write_text(printed_schema(), encoding="utf-8")


def _recording(file: Path, most: int) -> bytes:
    """Reads a recording. Raises BadUserInput if it exceeds the server's limit, without reading all of it."""
    with file.open("rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise BadUserInput(f"{file} has more than the {most} bytes of VOXLOOM_MAX_AUDIO_BYTES.")
    return data


def _check_writable(file: Path) -> None:
    """Raises BadUserInput if the reply could not be saved, before the conversation starts."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise BadUserInput(f"--save {file}: it must be a file in a folder that exists.")
    if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise BadUserInput(f"--save {file}: it cannot be written.")
