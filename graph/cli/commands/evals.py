"""``voxloom eval``: plays written conversations with an agent, checks what came of them; records stored ones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from typer._click import Context  # what TyperGroup's methods take; Typer exports only a subclass
from typer.core import TyperGroup

from db.entry_point import UsageError
from db.errors import BadUserInput
from db.load_settings import load_settings
from graph.cli.address import base_url
from graph.cli.local_key import local_key
from graph.settings import ApiSettings

_STAGES = ("asr", "llm", "tts")
_SUFFIX = ".eval.yaml"
_RUN = "run"
_Url = Annotated[str | None, typer.Option(help="The server's URL; this machine's by default.")]


class _RunByDefault(TyperGroup):
    """``voxloom eval PATH`` is short for ``voxloom eval run PATH``."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Play written conversations with an agent and check them: voxloom eval PATH...; record stored ones.",
)


@app.command(_RUN)
def run(
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
    judge: Annotated[
        str | None, typer.Option(metavar="URL", help="A chat server (.../v1) that judges requirements in words.")
    ] = None,
    judge_model: Annotated[str, typer.Option(help="The model of --judge.")] = "default",
    judge_key: Annotated[
        str, typer.Option(envvar="JUDGE_API_KEY", help="The key of --judge; better given by the environment.")
    ] = "none",
    url: _Url = None,
) -> None:
    """Play conversations with the running server, and check replies, records and understanding.

    Shows each conversation that went wrong, then a table by kind and language. Exit code 1 if one went wrong.
    """
    from graph.cli.evals.judge import Judge, requirements  # noqa: PLC0415 - the other commands do without it
    from graph.cli.evals.load import load  # noqa: PLC0415 - likewise
    from graph.cli.evals.play import Variant  # noqa: PLC0415 - likewise
    from graph.cli.evals.run import evaluate  # noqa: PLC0415 - likewise

    loaded = [
        each if agent is None else each.for_agent(agent)
        for each in load(paths)
        if only is None or only in each.conversation.name
    ]
    if not loaded:
        raise UsageError(f"voxloom eval: no conversation's name contains {only!r}.")
    if junit is not None and not junit.absolute().parent.is_dir():
        raise BadUserInput(f"--junit {junit}: it must be a file in a folder that exists.")
    in_words = requirements(loaded)
    if in_words and judge is None:
        raise UsageError(
            f"voxloom eval: {in_words} replies have a requirement in words (expect.reply.judge): give --judge URL of a"
            " chat server, or leave these conversations out."
        )
    settings = load_settings(ApiSettings)
    engines = _engines(engine or [])
    variants = [Variant(each, engines) for each in ([version] if against is None else [version, against])]
    base = (url or base_url(settings)).rstrip("/")
    key = local_key(settings)

    async def played() -> bool:
        found = None if judge is None else Judge(judge, judge_model, judge_key)
        return await evaluate(base, key, loaded, variants, jobs=jobs, junit=junit, judge=found)

    right = asyncio.run(played())
    raise typer.Exit(0 if right else 1)


@app.command("record")
def record(
    session: Annotated[str, typer.Argument(help="The id of a stored session.")],
    out: Annotated[Path | None, typer.Option(help="The eval file; SESSION.eval.yaml by default.")] = None,
    *,
    after: Annotated[int, typer.Option(min=0, help="Only lines after this turn.")] = 0,
    url: _Url = None,
) -> None:
    """Write a stored conversation as an eval file: its customer's lines, and the records that it has."""
    from rich.console import Console  # noqa: PLC0415 - the other commands do without it

    from graph.cli.api_client import ApiClient  # noqa: PLC0415 - likewise
    from graph.cli.evals.record import record as write  # noqa: PLC0415 - likewise

    file = out or Path(f"{session}{_SUFFIX}")
    if not file.name.endswith(_SUFFIX) or not file.absolute().parent.is_dir():
        raise BadUserInput(f"--out {file}: it must be a file *{_SUFFIX} in a folder that exists.")
    settings = load_settings(ApiSettings)

    async def recorded() -> int:
        api = ApiClient((url or base_url(settings)).rstrip("/"), local_key(settings))
        try:
            return await write(api, session, file, after=after)
        finally:
            await api.close()

    lines = asyncio.run(recorded())
    Console().print(f"{lines} lines are in {file}", markup=False)


def _engines(options: list[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for each in options:
        stage, _, names = each.partition("=")
        if stage not in _STAGES or not names:
            raise UsageError(f"voxloom eval: --engine {each}: use asr=, llm= or tts= with names of engines.")
        chosen[stage] = [name.strip() for name in names.split(",") if name.strip()]
    return chosen
