"""Engines are found by their entry points, made when they are chosen, and refused with the reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from db.errors import EngineUnavailable
from db.load_settings import BadSettings
from inference.engines.catalog import choose_engines, choose_streaming_transcriber
from inference.engines.discovery import installed_engines
from inference.settings import InferenceSettings
from inference.testing.engine import PluginContract
from tests.plugin_packages import write_package
from tests.settings_classes import KINDS

_ROOT = Path(__file__).parents[3]
_ENTRY_POINTS = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
_OURS = [(group.rpartition(".")[2], name) for group, engines in _ENTRY_POINTS.items() for name in engines]

_MAKES_A_FAKE = """
from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.engines.fake.synthesizer import FakeSynthesizer
from pydantic_settings import SettingsConfigDict

class Settings(EngineSettings):
    model_config = SettingsConfigDict(env_prefix="VOXLOOM_HUM_")
    pitch: float = 220.0

def make(settings, context):
    engine = FakeSynthesizer(f"hum-{settings.pitch:.0f}")
    %s
    return engine

hum = EngineFactory(Settings, make, install="pip install voxloom-hum[all]")
"""


class TestOurEngines(PluginContract):
    """The entry points of pyproject.toml."""

    @pytest.fixture(autouse=True, params=_OURS, ids="-".join)
    def each(self, request: pytest.FixtureRequest) -> None:
        self.kind, self.name = request.param


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on sys.path for packages."""
    made = tmp_path / "site"
    made.mkdir()
    monkeypatch.syspath_prepend(str(made))
    return made


def speaks_with(*names: str) -> InferenceSettings:
    return InferenceSettings(
        _env_file=None, asr_engine=("fake",), asr_draft_engine="none", llm_engine=("fake",), tts_engine=names
    )


async def test_an_engine_of_another_package_is_made_with_its_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(folder, "voxloom-hum", {"tts": "hum = hum_good:hum"}, hum_good=_MAKES_A_FAKE % "")
    monkeypatch.setenv("VOXLOOM_HUM_PITCH", "440")
    lender, other = choose_engines(speaks_with("hum", "fake")).tts
    await lender.load()
    assert (lender.info.model, lender.loaded) == ("hum-440", True)
    assert other.info.engine == "fake"


def test_a_name_that_is_not_installed_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        BadSettings, match=r"VOXLOOM_TTS_ENGINE.*'whistle'.*installed: espnet, fake, hibari, kokoro, pico"
    ):
        choose_engines(speaks_with("fake", "whistle"))
    settings = speaks_with("fake").model_copy(update={"asr_draft_engine": "hibari"})  # a TTS engine
    with pytest.raises(BadSettings, match=r"VOXLOOM_ASR_DRAFT_ENGINE.*installed: ctranslate2, fake, whisper$"):
        choose_engines(settings)


def test_on_a_lane_a_voice_serves_several_turns_at_a_time() -> None:
    settings = speaks_with("hibari")
    assert choose_engines(settings).tts[0]._engine.concurrency == 1
    assert choose_engines(settings, lane_threads=1).tts[0]._engine.concurrency > 1


async def test_the_engine_of_calls_is_chosen_by_its_setting() -> None:
    settings = speaks_with("fake").model_copy(update={"live_asr_engine": "fake"})
    lender = choose_streaming_transcriber(settings, lane_threads=2)
    await lender.load()
    async with lender.lend() as engine:
        assert (engine.info.engine, (await engine.listen(language="en").final()).text) == ("fake", "")
    await lender.close()
    with pytest.raises(BadSettings, match=r"VOXLOOM_LIVE_ASR_ENGINE.*installed: ctranslate2, fake, whisper$"):
        choose_streaming_transcriber(settings.model_copy(update={"live_asr_engine": "espnet"}), lane_threads=2)


def test_a_name_that_two_packages_have_is_refused_with_both(folder: Path) -> None:
    write_package(folder, "voxloom-other", {"tts": "fake = other:hum"})
    with pytest.raises(BadSettings, match="fake: voxloom and voxloom-other"):
        choose_engines(speaks_with("fake"))


def test_a_setting_of_an_engine_that_is_invalid_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXLOOM_OPENAI_TOOL_MODE", "sk-secret")
    chosen = speaks_with("fake").model_copy(update={"llm_engine": ("openai",)})
    with pytest.raises(BadSettings, match=r"^VOXLOOM_OPENAI_TOOL_MODE: Input should be 'native'") as refused:
        choose_engines(chosen)
    assert "secret" not in refused.value.message
    choose_engines(speaks_with("fake"))  # not chosen


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("hum_import", "import no_such_module", "needs the module no_such_module, which is not installed."),
        ("hum_broken", "1 / 0", "ZeroDivisionError at hum_broken.py:1"),
        ("hum_exits", "import sys; sys.exit(3)", "SystemExit at hum_exits.py:1"),
        ("hum_empty", "", "AttributeError"),
        ("hum_other", "hum = 3", "hum_other:hum is not an EngineFactory"),
        (
            "hum_make",
            _MAKES_A_FAKE % "import no_such.part",
            "needs the module no_such, which is not installed. To install it: pip install voxloom-hum[all]",
        ),
        ("hum_raises", _MAKES_A_FAKE % "raise ValueError('sk-secret')", "ValueError at hum_raises.py:12"),
        ("hum_info", _MAKES_A_FAKE % "engine.info = None", "its info is not an EngineInfo"),
        ("hum_places", _MAKES_A_FAKE % "engine.concurrency = 0", "its concurrency is not"),
        ("hum_mute", _MAKES_A_FAKE % "engine.synthesize = None", "it has no method synthesize"),
    ],
)
async def test_an_engine_that_cannot_be_made_is_listed_with_the_reason(
    folder: Path, module: str, source: str, reason: str
) -> None:
    write_package(folder, "voxloom-hum", {"tts": f"hum = {module}:hum"}, **{module: source})
    (lender,) = choose_engines(speaks_with("hum")).tts
    assert lender.info.engine == "hum"
    for _ in range(2):
        with pytest.raises(EngineUnavailable):
            await lender.load()
        assert lender.error is not None
        assert reason in lender.error
        assert "sk-" not in lender.error
        assert "\n" not in lender.error


_LOAD = """
async def load():
        %s
    engine.load = load
"""


@pytest.mark.parametrize(
    ("module", "statement", "reason"),
    [
        ("hum_load_import", "import no_such", "module no_such, which is not installed. To install it: pip install vox"),
        ("hum_load_error", "raise KeyError('sk-secret')", "KeyError at hum_load_error.py:13"),
    ],
)
async def test_an_engine_that_cannot_be_loaded_says_so(folder: Path, module: str, statement: str, reason: str) -> None:
    source = _MAKES_A_FAKE % (_LOAD.strip() % statement)
    write_package(folder, "voxloom-hum", {"tts": f"hum = {module}:hum"}, **{module: source})
    (lender,) = choose_engines(speaks_with("hum")).tts
    with pytest.raises(EngineUnavailable):
        await lender.load()
    assert lender.error is not None
    assert reason in lender.error
    assert "sk-" not in lender.error


def test_an_engine_that_was_not_chosen_is_not_imported() -> None:
    code = (
        "import json, sys\n"
        "from inference.engines.catalog import choose_engines\n"
        "from inference.settings import InferenceSettings\n"
        "fakes = dict(asr_engine='fake', asr_draft_engine='none', llm_engine='fake', tts_engine='fake')\n"
        "choose_engines(InferenceSettings(**fakes))\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('inference.engines.')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True)
    imported = json.loads(done.stdout)
    assert "inference.engines.fake.plugin" in imported
    rooms = {name.split(".")[2] for name in imported}
    assert rooms == {"catalog", "discovery", "factory", "fake", "no_telemetry"}


def test_an_installed_voxloom_finds_its_engines_without_its_source_tree(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("db", "graph", "inference", "migrations"):
        shutil.copytree(_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(_ROOT / name, source / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, timeout=200)
    code = (
        "import inference, json\n"
        "from inference.engines.discovery import installed_engines\n"
        "engines = {kind: list(installed_engines(kind)) for kind in ('asr', 'streaming_asr', 'llm', 'tts')}\n"
        "print(json.dumps([inference.__file__, engines]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    file, engines = json.loads(done.stdout)
    assert Path(file).is_relative_to(target)
    assert engines == {kind: list(installed_engines(kind)) for kind in KINDS}
