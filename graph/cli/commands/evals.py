"""``voxloom eval``: plays written conversations with an agent, and checks what came of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from db.entry_point import UsageError
from db.load_settings import load_settings
from graph.cli.address import base_url
from graph.cli.bootstrap import local_key
from graph.settings import ApiSettings

_STAGES = ("asr", "llm", "tts")


def evaluate(
    paths: Annotated[list[Path], typer.Argument(help="Eval files (*.eval.yaml), or folders of them.")],
    *,
    engine: Annotated[
        list[str] | None, typer.Option(help="Engines of a stage, as llm=openai,scripted; may be repeated.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="The agent's version; the published one by default.")] = None,
    against: Annotated[int | None, typer.Option(help="Another version to play too, side by side.")] = None,
    agent: Annotated[str | None, typer.Option(help="Another agent than the files name.")] = None,
    only: Annotated[str | None, typer.Option(help="Only conversations whose name contains this.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Conversations at a time.")] = 4,
    junit: Annotated[Path | None, typer.Option(help="Where a JUnit XML report is written.")] = None,
    url: Annotated[str | None, typer.Option(help="The server's URL; this machine's by default.")] = None,
) -> None:
    """Play conversations with the running server, and check replies, records and understanding.

    Shows each conversation that went wrong, then a table by kind and language. Exit code 1 if one went wrong.
    """
    from graph.cli.evals.load import load  # noqa: PLC0415 - the other commands do without it
    from graph.cli.evals.play import Variant  # noqa: PLC0415 - likewise
    from graph.cli.evals.run import evaluate as run  # noqa: PLC0415 - likewise

    loaded = [
        each if agent is None else each.for_agent(agent)
        for each in load(paths)
        if only is None or only in each.conversation.name
    ]
    if not loaded:
        raise UsageError(f"voxloom eval: no conversation's name contains {only!r}.")
    settings = load_settings(ApiSettings)
    engines = _engines(engine or [])
    variants = [Variant(each, engines) for each in ([version] if against is None else [version, against])]
    base = (url or base_url(settings)).rstrip("/")
    right = asyncio.run(run(base, local_key(settings), loaded, variants, jobs=jobs, junit=junit))
    raise typer.Exit(0 if right else 1)


def _engines(options: list[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for each in options:
        stage, _, names = each.partition("=")
        if stage not in _STAGES or not names:
            raise UsageError(f"voxloom eval: --engine {each}: use asr=, llm= or tts= with names of engines.")
        chosen[stage] = [name.strip() for name in names.split(",") if name.strip()]
    return chosen
