"""A worker's memory does not grow with the number of different input lengths of its models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]

#: Synthesizes sentences of 6 lengths and prints the growth of the process in MiB since the second.
_SPEAK = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from inference.engines.catalog import choose_engines
from inference.worker.memory import give_back_periodically
from inference.settings import InferenceSettings

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

async def main():
    settings = InferenceSettings(_env_file=None, model_dir=Path(sys.argv[1]), model_threads=1, tts_engine=("espnet",))
    lender = choose_engines(settings).tts[0]
    await lender.load()
    keeper = asyncio.create_task(give_back_periodically(1.0))
    sizes = []
    for words in range(2, 33, 6):
        async with lender.lend() as engine:
            text = " ".join(["one", "thousand", "different", "lengths"][n % 4] for n in range(words)) + "."
            async for _ in engine.synthesize(text, language="en", voice=None):
                pass
        sizes.append(resident())
    await asyncio.sleep(2.5)
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper
    print(resident() - sizes[1])

asyncio.run(main())
"""


@pytest.mark.models
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measures by Linux' /proc")
def test_sentences_of_six_lengths_leave_nothing_behind(model_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SPEAK, str(model_dir)],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    # 40 with malloc_trim, 210 without.
    assert float(done.stdout.splitlines()[-1]) < 120
