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
    # Those that compute beside those that wait.
    "console/test_talk.py": 80,
    "inference/engines/whisper/test_engines.py": 48,
    "inference/engines/whisper/test_streaming.py": 45,
    "clients/test_clients.py": 44,
    "test_real_conversation.py": 43,
    "inference/engines/test_kokoro.py": 41,
    "console/test_conversations.py": 40,
    "graph/voice/test_app.py": 39,  # more, but not beside chaos: both talk in real time
    "console/test_agents.py": 37,
    "inference/engines/scripted/test_dialogues.py": 35,
    "inference/turn/test_pipeline.py": 30,
    "db/turns/test_resuming.py": 30,
    "graph/compiled/reads/test_incremental.py": 27,
    "graph/cli/test_doctor.py": 25,
    "inference/engines/test_synthesizers.py": 22,
    "inference/engines/test_chat_models.py": 20,
    "graph/compiled/reads/test_layers_agree.py": 20,
    "graph/http/test_outage.py": 20,
    "inference/worker/test_memory.py": 20,
    "graph/compiled/reads/test_never_stale.py": 20,
    "inference/knowledge/test_answers.py": 19,
    "evals/test_examples.py": 18,
    "graph/compiled/live/test_thousand_sockets.py": 17,
    "console/test_frame.py": 16,
    "graph/cli/call/test_run.py": 15,
    "graph/cli/test_agents.py": 15,
    "evals/test_player.py": 15,
    "db/audio/test_decoder_pool.py": 14,
    "db/turns/test_crm_updates.py": 14,
    "graph/cli/test_interrupted.py": 12,
    "graph/cli/test_mistakes.py": 12,
    "graph/cli/test_database_mistakes.py": 12,
    "graph/voice/realtime/test_bad_input.py": 12,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the order of the tests of a file, and of all other files."""
    items.sort(key=lambda item: -SECONDS.get(item.nodeid.partition("::")[0].removeprefix("tests/"), 0))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
