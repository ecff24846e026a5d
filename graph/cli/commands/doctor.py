"""``voxloom doctor``: checks the installation."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer

from db.findings import Level
from db.load_settings import BadSettings, load_settings
from graph.voice.settings import VoiceSettings


def doctor(
    checks: Annotated[
        list[str] | None, typer.Argument(help="Checks to run: python, settings, database, ...; all by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Check the installation; report faults and what to do.

    It changes nothing: no migration, no download, no conversion. Exit code 1 if it finds a fault.
    """
    import structlog  # noqa: PLC0415 - the other commands do without it

    from graph.cli.doctor.context import Context  # noqa: PLC0415 - the other commands start without them
    from graph.cli.doctor.report import as_json, print_lines  # noqa: PLC0415 - likewise
    from graph.cli.doctor.run import CHECKS, examine  # noqa: PLC0415 - likewise

    unknown = [each for each in checks or () if each not in CHECKS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not a check: use {', '.join(CHECKS)}", param_hint="'checks'")
    try:
        context = Context(load_settings(VoiceSettings))
    except BadSettings as error:
        context = Context(VoiceSettings.model_construct(), error.faults)
    # The findings are the only output.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    findings = asyncio.run(examine(context, checks or ()))
    if json:
        sys.stdout.write(as_json(findings) + "\n")
    else:
        print_lines(findings)
    sys.stdout.flush()
    # Threads of native libraries outlive their last operation, and the interpreter's end has aborted under them.
    os._exit(1 if any(each.level == Level.FAULT for each in findings) else 0)
