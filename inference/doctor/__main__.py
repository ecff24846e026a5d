"""``python -m inference.doctor CHECK...``: prints one JSON object as its last line, which ``voxloom doctor`` reads.

``variables``: the settings that a worker reads; ``faults``: what is wrong with them; ``findings``: as ``Finding``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys

from pydantic_settings import BaseSettings

from db.entry_point import run_command
from db.findings import Finding, fault
from db.load_settings import BadSettings, load_settings, variables_of
from inference.doctor.ear import examine_ear
from inference.doctor.models import engine_settings, examine_models
from inference.doctor.tools import examine_tools
from inference.settings import InferenceSettings


def _run() -> None:
    logging.disable(logging.CRITICAL)  # what is wrong is told by the findings
    models: list[type[BaseSettings]] = [InferenceSettings, *engine_settings()]
    told = {"variables": [variable for each in models for variable in variables_of(each).values()], "faults": []}
    findings: list[Finding] = []
    try:
        settings = load_settings(InferenceSettings)
    except BadSettings as error:
        told["faults"] = error.faults
        findings = [
            fault(name, "not checked: the settings are wrong", "See `settings`.") for name in ("models", "tools")
        ]
    else:
        if "models" in sys.argv:
            findings += [*examine_models(settings), *examine_ear(settings)]
        if "tools" in sys.argv:
            findings += asyncio.run(examine_tools(settings))
    sys.stdout.write(json.dumps({**told, "findings": [each.as_json() for each in findings]}) + "\n")


run_command(_run)
