"""Hooks for the time that a run takes: files that take the longest come first, and garbage is not looked for in vain.

Each file is run by one process (``--dist loadfile``); what is long and begun last is waited for by all.
"""

from __future__ import annotations

import gc

import pytest

# What is collected stays: modules and thousands of tests, which each full collection would traverse.
gc.disable()

#: Seconds of the files that take the longest, on two quiet cores (``pytest --durations=0`` shows them). A new file that
#: takes more than ten seconds belongs here.
SECONDS = {
    "chaos/test_chaos.py": 130,
    "inference/engines/whisper/test_engines.py": 75,
    "inference/engines/test_kokoro.py": 55,
    "graph/voice/test_app.py": 50,  # more, but not beside chaos: both talk in real time
    "test_real_conversation.py": 48,
    "inference/engines/whisper/test_streaming.py": 45,
    "inference/turn/test_pipeline.py": 45,
    "graph/compiled/reads/test_incremental.py": 45,
    "clients/test_clients.py": 45,
    "graph/cli/test_doctor.py": 36,
    "inference/worker/test_memory.py": 35,
    "inference/engines/scripted/test_dialogues.py": 35,
    "evals/test_player.py": 35,
    "graph/cli/test_mistakes.py": 30,
    "graph/cli/test_database_mistakes.py": 30,
    "db/turns/test_resuming.py": 30,
    "graph/cli/test_interrupted.py": 25,
    "inference/engines/test_synthesizers.py": 22,
    "graph/cli/test_agents.py": 20,
    "graph/compiled/reads/test_layers_agree.py": 20,
    "graph/http/test_outage.py": 20,
    "graph/compiled/reads/test_never_stale.py": 20,
    "inference/engines/test_chat_models.py": 19,
    "inference/knowledge/test_answers.py": 19,
    "graph/compiled/live/test_thousand_sockets.py": 17,
    "graph/cli/call/test_run.py": 15,
    "db/turns/test_crm_updates.py": 14,
    "graph/voice/realtime/test_bad_input.py": 12,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the order of the tests of a file, and of all other files."""
    items.sort(key=lambda item: -SECONDS.get(item.nodeid.partition("::")[0].removeprefix("tests/"), 0))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
