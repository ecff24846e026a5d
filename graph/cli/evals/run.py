"""Runs evals: plays conversations, several at a time, and judges them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from rich.console import Console

from db.errors import VoxLoomError
from graph.cli.api_client import ApiClient, ServerUnusable
from graph.cli.evals.judge import Judge
from graph.cli.evals.load import Loaded
from graph.cli.evals.play import Variant, play
from graph.cli.evals.report import Outcome, show_misses, show_scores, write_junit
from graph.cli.evals.score import scores
from graph.cli.evals.sounds import Sounds
from graph.cli.loaded import wait_until_loaded
from graph.evals.check import TURN, Miss, Verdict, check
from graph.evals.conversation import Conversation
from graph.evals.played import PlayedConversation
from graph.evals.search import backtracking


async def evaluate(
    base: str,
    key: str,
    loaded: Sequence[Loaded],
    variants: Sequence[Variant],
    *,
    jobs: int,
    junit: Path | None,
    judge: Judge | None = None,
) -> bool:
    """Plays all conversations with each variant and reports. Returns whether all went right with all of them.

    ``judge``: of requirements in words, and closed here; without one they are left out.

    Raises ServerUnusable if the server does not answer.
    """
    api = ApiClient(base, key)
    console = Console()
    outcomes: dict[str, list[Outcome]] = {}
    try:
        await wait_until_loaded(api, Console(stderr=True))
        for variant in variants:
            outcomes[variant.title] = await _run(api, loaded, variant, judge, jobs=jobs)
    except httpx.ConnectError:
        raise ServerUnusable(f"Nothing answers at {base}: start it with `voxloom up` (or `make run`).") from None
    finally:
        await api.close()
        if judge is not None:
            await judge.close()
    for title, found in outcomes.items():
        console.rule(title)
        show_misses(console, found)
    show_scores(console, {title: scores(_judged(found)) for title, found in outcomes.items()})
    if junit is not None:
        await asyncio.to_thread(write_junit, junit, outcomes)
    return not any(each.verdict.misses for found in outcomes.values() for each in found)


def _judged(outcomes: Sequence[Outcome]) -> list[tuple[Conversation, Verdict]]:
    return [(each.loaded.conversation, each.verdict) for each in outcomes]


async def _run(
    api: ApiClient, loaded: Sequence[Loaded], variant: Variant, judge: Judge | None, *, jobs: int
) -> list[Outcome]:
    """All conversations, ``jobs`` at a time. A conversation that the server refuses is a miss, not the end."""
    sounds = Sounds()
    places = asyncio.Semaphore(jobs)

    async def one(each: Loaded) -> Outcome:
        async with places:
            started = time.monotonic()
            try:
                played = await play(api, each.conversation, variant, sounds, folder=each.file.parent)
                verdict = check(each.conversation, played, backtracking)
                if judge is not None:
                    await judge.judge(verdict, played)
            except VoxLoomError as error:
                played = PlayedConversation("", [], [])
                verdict = Verdict([Miss(TURN, f"{error.code}: {error.message}")])
            return Outcome(each, played, verdict, time.monotonic() - started)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each)) for each in loaded]
        return [task.result() for task in tasks]
    finally:
        await sounds.close()
