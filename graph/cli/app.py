"""The ``voxloom`` command line (Typer): every command, by its group in ``voxloom --help``.

A new command is a function in a file of ``graph.cli.commands``, and a line in ``_GROUPS`` or ``_FAMILIES`` here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from graph.cli.commands import agents, call, client, console, database, doctor, evals, keys, processes

_RUN = "Run it"
_TALK = "Talk to it"
_MANAGE = "Set it up and manage it"
_HELP = "When something is wrong"

_GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    _RUN: (processes.up, processes.serve, processes.voice, processes.worker),
    _TALK: (client.demo, call.call, console.console_link, client.schema),
    _MANAGE: (database.migrate,),
    _HELP: (doctor.doctor,),
}

#: Commands with subcommands.
_FAMILIES: dict[str, tuple[tuple[str, typer.Typer], ...]] = {
    _TALK: (("eval", evals.app),),
    _MANAGE: (("agents", agents.app), ("keys", keys.app)),
}

_INTRODUCTION = """VoxLoom: an audio-first voice-agent backend. GraphQL in, a durable pipeline, live events out.

Start with `voxloom up`, then `voxloom demo` in another terminal.
"""

_EXAMPLES = """Examples:

  voxloom up                     start everything on this machine

  voxloom call                   talk to it by microphone and loudspeaker

  voxloom agents check my.yaml   find what is wrong with an agent of your own

  voxloom keys create laptop     create a client's API key, printed once

  voxloom worker                 start another worker, for more concurrent turns

  voxloom doctor                 find faults, and what to do

Settings are environment variables or lines of `.env`; `.env.example` lists them.
Docs: README.md and docs/. GraphQL is documented at /graphql of a running server.
"""


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"voxloom {version('voxloom')}\n")
        raise typer.Exit


def _introduce(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """The options of ``voxloom`` itself."""


def _assembled() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich"
    )
    app.callback(help=_INTRODUCTION, epilog=_EXAMPLES)(_introduce)
    for group, commands in _GROUPS.items():
        for command in commands:
            app.command(rich_help_panel=group)(command)
    for group, families in _FAMILIES.items():
        for name, family in families:
            app.add_typer(family, name=name, rich_help_panel=group)
    return app


app = _assembled()
