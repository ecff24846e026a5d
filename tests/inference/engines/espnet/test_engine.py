"""The engine espnet: models by path or tag, no unpickling of code, missing packages; joe equals its ONNX source."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from db.errors import EngineUnavailable
from inference.engines.espnet.engine import EspnetEngine
from inference.engines.espnet.imports import _OPTIONAL, EXTRA, _Placeholder, _PlaceholderFinder, import_text2speech
from inference.engines.espnet.joe import _DESCRIPTION, _WEIGHTS
from inference.engines.espnet.model import load_text2speech
from inference.ports import Samples
from inference.weights.cache import ModelCache
from inference.weights.espnet_from_piper import rename
from inference.weights.piper_tensors import read_tensors
from tests.inference.engines.espnet.tiny_espnet import SAMPLE_RATE, write_tiny_model


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "cache")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tiny")
    write_tiny_model(directory)
    return directory


async def _speak(model: str, cache: ModelCache, **asked: Any) -> Samples:
    engine = EspnetEngine(model, cache=cache, threads=1)
    await engine.load()
    try:
        assert engine.sample_rate == SAMPLE_RATE
        spoken = engine.synthesize("Hello world, this is $3.", **{"language": "xx", "voice": None, **asked})
        return np.concatenate([piece.samples async for piece in spoken])
    finally:
        await engine.close()


async def test_a_directory_a_file_and_a_packed_model_all_speak(tiny: Path, cache: ModelCache, tmp_path: Path) -> None:
    by_directory = await _speak(str(tiny), cache)
    assert by_directory.size
    assert np.array_equal(by_directory, await _speak(str(tiny / "model.pth"), cache))
    from espnet2.main_funcs.pack_funcs import pack

    packed = tmp_path / "tiny.zip"
    here = Path.cwd()
    os.chdir(tiny)
    try:
        pack({"model_file": "model.pth"}, {"train_config": "config.yaml"}, packed)
    finally:
        os.chdir(here)
    assert np.array_equal(by_directory, await _speak(str(packed), cache))


async def test_the_sound_does_not_depend_on_what_else_drew_random_numbers(tiny: Path, cache: ModelCache) -> None:
    first = await _speak(str(tiny), cache)
    torch.rand(3)
    assert np.array_equal(first, await _speak(str(tiny), cache))


async def test_speakers_are_voices_by_number(cache: ModelCache, tmp_path: Path) -> None:
    write_tiny_model(tmp_path, spks=3, global_channels=4)
    own = await _speak(str(tmp_path), cache)
    assert np.array_equal(own, await _speak(str(tmp_path), cache, voice="0"))
    assert not np.array_equal(own, await _speak(str(tmp_path), cache, voice="2"))
    for voice in ("3", "-1", "x", "²", "9" * 5000):
        with pytest.raises(EngineUnavailable):
            await _speak(str(tmp_path), cache, voice=voice)


async def test_a_model_that_wants_more_than_text_is_refused(cache: ModelCache, tmp_path: Path) -> None:
    write_tiny_model(tmp_path, spk_embed_dim=4, global_channels=4)
    with pytest.raises(EngineUnavailable, match="reference recording"):
        await _speak(str(tmp_path), cache)


def test_missing_weights_are_refused(cache: ModelCache, tmp_path: Path) -> None:
    weights = write_tiny_model(tmp_path)
    for_training = {name: w for name, w in weights.items() if not name.startswith("tts.discriminator.")}
    torch.save(for_training, tmp_path / "model.pth")
    load_text2speech(str(tmp_path), cache)
    del for_training["tts.generator.decoder.output_conv.1.bias"]
    torch.save(for_training, tmp_path / "model.pth")
    with pytest.raises(EngineUnavailable, match="lacks 1 weights"):
        load_text2speech(str(tmp_path), cache)


class _Trap:
    def __init__(self, sprung: Path) -> None:
        self.sprung = str(sprung)

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (self.sprung,))


def test_a_pickle_is_not_run(cache: ModelCache, tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    torch.save({"weights": _Trap(tmp_path / "sprung")}, tmp_path / "model.pth")
    with pytest.raises(EngineUnavailable, match="weights only"):
        load_text2speech(str(tmp_path), cache)
    assert not (tmp_path / "sprung").exists()


def test_what_is_no_model_is_refused(cache: ModelCache, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    lonely = tmp_path / "lonely.pth"
    lonely.write_bytes((tiny / "model.pth").read_bytes())
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.yaml").write_text("tts: nothing-of-the-kind\n")
    (broken / "model.pth").write_bytes((tiny / "model.pth").read_bytes())
    for model in ("empty", "lonely.pth", "none.pth", "broken"):
        with pytest.raises(EngineUnavailable):
            load_text2speech(str(tmp_path / model), cache)


def test_a_tag_that_cannot_be_fetched_is_refused(cache: ModelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EngineUnavailable, match="the download failed"):
        load_text2speech("nobody/no_such_voice", cache)


def test_a_tag_without_the_extra_names_it(cache: ModelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espnet_model_zoo.downloader", None)
    with pytest.raises(EngineUnavailable, match=rf"espnet_model_zoo.*{EXTRA}"):
        load_text2speech("nobody/no_such_voice", cache)


def test_placeholders_are_gone_after_the_import_and_refuse_to_be_used() -> None:
    import_text2speech()
    for name in (*_OPTIONAL, "g2p_en", "pkg_resources"):
        assert not isinstance(sys.modules.get(name), _Placeholder)
    assert not any(isinstance(finder, _PlaceholderFinder) for finder in sys.meta_path)
    assert _Placeholder("json").dumps([1]) == "[1]"
    with pytest.raises(EngineUnavailable, match=rf"no_such_package.*{EXTRA}"):
        _Placeholder("no_such_package.inside").load  # noqa: B018


def test_names_taken_from_a_missing_package_stand_in_annotations_and_refuse_to_be_called() -> None:
    finder = _PlaceholderFinder(frozenset({"no_such_package"}))
    sys.meta_path.insert(0, finder)
    try:
        from no_such_package.inside import Thing  # type: ignore[import-not-found]
    finally:
        sys.meta_path.remove(finder)
        for name in finder.made:
            del sys.modules[name]
    assert not isinstance(1, Thing)
    with pytest.raises(EngineUnavailable, match=rf"no_such_package.*{EXTRA}"):
        Thing(1)


@pytest.mark.models
def test_no_tensor_of_joe_is_lost_or_left_over() -> None:
    tensors = read_tensors(_WEIGHTS.verified())
    assert len(tensors) == 350
    rename(tensors)
    with pytest.raises(EngineUnavailable, match="1 tensors"):
        rename(tensors | {"dec.more": np.zeros(3, np.float32)})
    tensors.pop("dp.pre.weight")
    with pytest.raises(EngineUnavailable, match=r"dp\.pre\.weight"):
        rename(tensors)


@pytest.mark.models
def test_espnet_sounds_as_the_onnx_file_does(cache: ModelCache) -> None:
    import json

    import onnxruntime

    joe = load_text2speech("joe", cache)
    symbols = "^ _ h _ ə _ l _ ˈ _ o _ ʊ _ , _ <space> _ w _ ˈ _ ɜ _ ː _ l _ d _ . _ $"
    ids = json.loads(_DESCRIPTION.verified().read_text())["phoneme_id_map"]
    piper = onnxruntime.InferenceSession(str(_WEIGHTS.verified()), providers=["CPUExecutionProvider"])
    sequence = np.array([[ids[" " if s == "<space>" else s][0] for s in symbols.split()]], np.int64)
    silent = np.array([0.0, 1.0, 0.0], np.float32)
    expected = piper.run(None, {"input": sequence, "input_lengths": np.array([sequence.size]), "scales": silent})[0]
    wave = joe(symbols, decode_conf={"noise_scale": 0.0, "noise_scale_dur": 0.0})["wav"].numpy()
    assert wave.size == expected.size
    assert np.abs(wave - expected.reshape(-1)).max() < 1e-3


def test_what_espnet_logs_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    import_text2speech()
    with caplog.at_level(logging.INFO):
        for path in ("/site-packages/espnet2/bin/tts_inference.py", "/inference/worker/main.py"):
            record = logging.LogRecord("root", logging.INFO, path, 1, "from %s", (path,), None)
            logging.getLogger().handle(record)
    assert caplog.messages == ["from /inference/worker/main.py"]
