"""The cache of converted models: builds are atomic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from db.errors import EngineUnavailable
from inference.weights.cache import ModelCache

_ROOT = Path(__file__).parents[3]

#: Converts a model with a file size limit of one megabyte, like a full disk.
_BUILD = """
import resource, signal, sys
from pathlib import Path
from db.errors import EngineUnavailable
from inference.engines.espnet import joe as espnet_voice
from inference.engines.whisper import weights as whisper_weights
from inference.weights.cache import ModelCache
builds = {
    "joe": espnet_voice.obtain_joe,
    "openai": whisper_weights.openai_checkpoint,
    "ctranslate2": whisper_weights.ctranslate2_directory,
}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    builds[sys.argv[1]](ModelCache(Path(sys.argv[2])))
except EngineUnavailable as error:
    print(error.message)
"""


@pytest.mark.models
@pytest.mark.parametrize("model", ["joe", "openai", "ctranslate2"])
def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(model: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, model, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be written: File too large" in done.stdout
    assert done.stdout.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_what_fails_half_way_is_built_anew(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path)

    def fail(directory: Path) -> None:
        (directory / "half").write_text("half")
        raise OSError(28, "No space left on device")

    def build(directory: Path) -> None:
        (directory / "whole").write_text("whole")

    with pytest.raises(EngineUnavailable, match="No space left on device"):
        cache.obtain("model", fail)
    assert not list(tmp_path.glob("model*/**/half"))
    assert [path.name for path in sorted(cache.obtain("model", build).iterdir())] == ["manifest.json", "whole"]
