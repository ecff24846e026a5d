"""Reports of evals: tables for a terminal, JUnit XML for a build server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from rich.console import Console
from rich.table import Table

from graph.cli.evals.load import Loaded
from graph.cli.evals.score import Score
from graph.evals.check import AGAINST_WORD, DUPLICATE, INVENTED, Verdict
from graph.evals.played import PlayedConversation

#: Characters that XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A conversation as one variant played it. ``seconds``: how long it took."""

    loaded: Loaded
    played: PlayedConversation
    verdict: Verdict
    seconds: float


def show_misses(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Each conversation with misses: its lines, replies, records and misses."""
    for outcome in outcomes:
        if not outcome.verdict.misses:
            continue
        conversation, played = outcome.loaded.conversation, outcome.played
        console.print(
            f"\n[bold red]{conversation.name}[/] ({outcome.loaded.file}, session {outcome.played.session_id})"
        )
        for turn in played.turns:
            console.print(f"  > {turn.said}", markup=False, soft_wrap=True)
            if turn.heard != turn.said:
                console.print(f"    heard: {turn.heard}", markup=False, soft_wrap=True, style="dim")
            for failed in turn.failed_tools:
                console.print(f"    {failed}", markup=False, soft_wrap=True, style="dim")
            console.print(f"  < {turn.reply}", markup=False, soft_wrap=True, style="cyan")
        for record in played.records:
            fields = {key: value for key, value in record.fields.items() if value is not None}
            console.print(f"    {record.scenario} {record.intent} {fields}", markup=False, soft_wrap=True, style="dim")
        for miss in outcome.verdict.misses:
            line = f"line {miss.line}: " if miss.line else ""
            console.print(f"  ! {line}{miss.about}: {miss.message}", markup=False, soft_wrap=True, style="red")


def show_scores(console: Console, tables: Mapping[str, Mapping[str, Score]]) -> None:
    """One table; the variants side by side. ``tables``: scores by title, by variant."""
    table = Table(title="Evals")
    table.add_column("")
    for variant in tables:
        table.add_column(f"{variant}\nright", justify="right")
        for name in ("intents", "entities F1", AGAINST_WORD, INVENTED, DUPLICATE):
            table.add_column(name, justify="right")
    for title in next(iter(tables.values())):
        cells = [title]
        for scores in tables.values():
            score = scores[title]
            cells += [
                f"{score.right}/{score.conversations} {score.share_right:.0%}",
                "" if score.intents is None else f"{score.intents:.1%}",
                "" if score.f1 is None else f"{score.f1:.3f}",
                *(str(score.about[each] or "") for each in (AGAINST_WORD, INVENTED, DUPLICATE)),
            ]
        table.add_row(*cells, style="bold" if title == "all" else None)
    console.print(table)


def write_junit(file: Path, variants: Mapping[str, Sequence[Outcome]]) -> None:
    """JUnit XML: a test suite for each variant, a test case for each conversation."""
    root = Element("testsuites")
    for variant, outcomes in variants.items():
        failed = sum(bool(each.verdict.misses) for each in outcomes)
        suite = SubElement(root, "testsuite", name=variant, tests=str(len(outcomes)), failures=str(failed))
        for outcome in outcomes:
            name = outcome.loaded.conversation.name
            case = SubElement(
                suite, "testcase", classname=outcome.loaded.file.name, name=name, time=f"{outcome.seconds:.3f}"
            )
            if outcome.verdict.misses:
                told = [f"line {miss.line}: {miss.about}: {miss.message}" for miss in outcome.verdict.misses]
                failure = SubElement(case, "failure", message=_NOT_XML.sub("?", told[0]))
                failure.text = _NOT_XML.sub("?", "\n".join(told))
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
