"""``voxloom agents``: check and publish definitions of agents, list, show and compare those that are published."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from db.entry_point import UsageError

if TYPE_CHECKING:
    from db.agents.definition import AgentDefinition
    from db.errors import Problem
    from graph.cli.agents.remote import RemoteAgents

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Check, publish and compare agents.")

_Url = Annotated[str | None, typer.Option(help="The server's URL; this machine's by default.")]
_Files = Annotated[list[Path], typer.Argument(help="Definitions in YAML or JSON.")]
_NAME = re.compile("[a-z][a-z0-9_]{0,63}", re.ASCII)


@app.command()
def check(definitions: _Files) -> None:
    """Check definitions, without a server. One line for each problem: file:line:column: message.

    Exit code 1 if there is one. Warnings, of what may be a mistake, do not count.
    """
    for file, definition in read_definitions(definitions):
        languages = ", ".join(definition.languages)
        _say(f"{file}: {definition.name} is valid ({languages}; scenarios: {len(definition.scenarios)})")


@app.command()
def publish(
    definitions: _Files,
    *,
    expect: Annotated[
        int | None, typer.Option(min=0, help="Publish only if this version is the current one; 0 for a new agent.")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Only store them, for sessions that name the version (NAME@VERSION).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change, and what the server says of it.")
    ] = False,
    url: _Url = None,
) -> None:
    """Check definitions, and publish them to the running server if all are valid.

    Sessions keep the version they were opened with; new ones get the published one.
    """
    if expect is not None and len(definitions) > 1:
        raise UsageError("voxloom agents publish: --expect goes with one file. See `voxloom agents publish --help`.")
    checked = read_definitions(definitions)

    async def would_change(agents: RemoteAgents) -> bool:
        return all([await _tell_check(agents, definition) for _, definition in checked])

    async def run(agents: RemoteAgents) -> None:
        for _, definition in checked:
            number, is_new, warnings = await agents.publish(definition, expected_version=expect, draft=draft)
            known = "" if is_new else " (it was known already)"
            _say(f"{definition.name}: version {number} is {'stored' if draft else 'published'}{known}")
            for each in warnings:
                sys.stderr.write(f"{definition.name}: warning: {each}\n")

    if dry_run:
        if not _with_agents(url, would_change):
            raise typer.Exit(1)
        return
    _with_agents(url, run)


async def _tell_check(agents: RemoteAgents, definition: AgentDefinition) -> bool:
    """Says what publishing would do. Returns whether the server would take the definition."""
    found = await agents.check(definition)
    for each in found["problems"]:
        sys.stderr.write(f"{definition.name}: {each['path']}: {each['message']}\n")
    for each in found["warnings"]:
        sys.stderr.write(f"{definition.name}: warning: {each}\n")
    if found["problems"]:
        return False
    current, known = found["currentVersion"], found["knownVersion"]
    if current is None:
        _say(f"{definition.name}: would be published as its first version")
    elif known == current:
        _say(f"{definition.name}: version {current} is the same")
    else:
        becomes = "a new version" if known is None else f"version {known} again"
        _say(f"{definition.name}: version {current} would become {becomes}")
    for each in found["changes"]:
        _say(f"  {each['kind'].lower()}: {each['path']}")
    return True


@app.command("list")
def list_all(
    *,
    archived: Annotated[bool, typer.Option("--archived", help="With archived agents.")] = False,
    url: _Url = None,
) -> None:
    """List the published agents."""
    from rich.console import Console  # noqa: PLC0415 - the other commands do without it
    from rich.table import Table  # noqa: PLC0415 - likewise

    found = _with_agents(url, lambda agents: agents.all(archived=archived))
    table = Table("name", "version", "languages", "published", "by", "description")
    for each in found:
        version = each["version"]
        state = str(version["number"]) + (" (archived)" if each["archivedAt"] else "")
        by = "VoxLoom" if version["builtin"] else version["publishedBy"] or ""
        languages = " ".join(each["languages"])
        table.add_row(each["name"], state, languages, version["publishedAt"][:16], by, each["description"])
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The agent's name.")],
    *,
    version: Annotated[int | None, typer.Option(min=1, help="A version; the current one by default.")] = None,
    url: _Url = None,
) -> None:
    """Print a published definition as YAML, which can be edited and published."""
    from graph.cli.agents.canonical import canonical  # noqa: PLC0415 - the other commands do without it

    found = _with_agents(url, lambda agents: agents.find(name, version))
    shown = found["version"]
    by = "VoxLoom" if shown["builtin"] else shown["publishedBy"] or "the command line"
    current = found["currentVersion"]["number"]
    state = "stored as a draft" if shown["draft"] else "published"
    _say(f"# {name}, version {shown['number']} (current: {current}), {state} {shown['publishedAt'][:19]} by {by}")
    sys.stdout.write(canonical(shown["definition"]))


@app.command()
def diff(
    what: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A definition's file, or an agent's name.")],
    versions: Annotated[list[int] | None, typer.Argument(metavar="[V1 [V2]]", help="One or two versions.")] = None,
    *,
    url: _Url = None,
) -> None:
    """Compare definitions: FILE with the published version (or V1), or two versions of NAME (V2: the current one).

    Prints a unified diff of their YAML. Exit code 1 if they differ.
    """
    from graph.cli.agents.canonical import canonical, canonical_of, differences  # noqa: PLC0415 - as above

    numbers = versions or []
    file = Path(what) if _NAME.fullmatch(what) is None or Path(what).is_file() else None
    if len(numbers) > (2 if file is None else 1) or (file is None and not numbers):
        raise UsageError(
            "voxloom agents diff: give FILE, FILE V1, NAME V1 or NAME V1 V2. See `voxloom agents diff --help`."
        )
    mine = None if file is None else read_definitions([file])[0][1]
    name = what if mine is None else mine.name

    async def run(agents: RemoteAgents) -> list[str]:
        first = (await agents.find(name, numbers[0] if numbers else None))["version"]
        before, after = canonical(first["definition"]), "" if mine is None else canonical_of(mine)
        title = what
        if mine is None:
            second = (await agents.find(name, numbers[1] if len(numbers) > 1 else None))["version"]
            after, title = canonical(second["definition"]), f"{name} version {second['number']}"
        return list(differences(before, after, names=(f"{name} version {first['number']}", title)))

    lines = _with_agents(url, run)
    sys.stdout.writelines(lines)
    raise typer.Exit(1 if lines else 0)


@app.command()
def archive(name: Annotated[str, typer.Argument(help="The agent's name.")], *, url: _Url = None) -> None:
    """Archive an agent: no session can be created with it until it is published again."""
    _with_agents(url, lambda agents: agents.archive(name))
    _say(f"{name} is archived.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of definitions, for editors."""
    sys.stdout.write(files("db.agents").joinpath("definition.schema.json").read_text(encoding="utf-8"))


def read_definitions(definitions: Sequence[Path]) -> list[tuple[Path, AgentDefinition]]:
    """The definitions, if all are valid; else writes their problems and exits with code 1."""
    from db.agents.files import read_text  # noqa: PLC0415 - the other commands do without it
    from db.agents.parse import MAX_BYTES, parse_file  # noqa: PLC0415 - likewise
    from db.agents.split_texts import split_texts  # noqa: PLC0415 - likewise
    from db.errors import InvalidDefinition  # noqa: PLC0415 - likewise

    found: list[tuple[Path, AgentDefinition]] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for file in definitions:
        try:
            found.append((file, parse_file(file)))
            warnings += split_texts(read_text(file, MAX_BYTES), str(file))
        except InvalidDefinition as error:
            problems += error.problems
    for each in (*problems, *(replace(each, message=f"warning: {each.message}") for each in warnings)):
        sys.stderr.write(" ".join(str(each).split()) + "\n")
    if problems:
        raise typer.Exit(1)
    return found


def _with_agents(url: str | None, run: Callable[[RemoteAgents], Awaitable[T]]) -> T:
    from graph.cli.agents.remote import remote_agents  # noqa: PLC0415 - `check` does without it

    async def connected() -> T:
        async with remote_agents(url) as agents:
            return await run(agents)

    return asyncio.run(connected())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
