"""Models that are loaded side by side import the same packages at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: The recogniser looks for the package when the turn model wants a module of it, which the package imports too.
_SIDE_BY_SIDE = """
import sys, threading, time
from importlib.machinery import PathFinder
import onnxruntime
from pathlib import Path
from db.errors import EngineUnavailable
from inference.engines.whisper.loading import load_ctranslate2
from inference.live.turn_score import TurnScorer
from inference.weights.cache import ModelCache

package_begun = threading.Event()

class Slow(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "faster_whisper":
            return None
        spec = super().find_spec(name, path)
        spec.loader.create_module = begin
        return spec

def begin(spec):
    package_begun.set()
    time.sleep(0.5)  # meanwhile the other thread asks for a module of it

sys.meta_path.insert(0, Slow)
failed = []

def recognizer():
    try:
        load_ctranslate2("/nowhere", ModelCache(Path()), 1)
    except EngineUnavailable:
        pass  # it was imported
    except Exception as error:
        failed.append(error)

def turn_model():
    package_begun.wait()
    try:
        TurnScorer().load()
    except Exception as error:
        failed.append(error)

threads = [threading.Thread(target=each) for each in (recognizer, turn_model)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print([type(each).__name__ for each in failed])
"""


def test_two_models_may_import_the_same_package_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SIDE_BY_SIDE],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=200,
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
