"""Conversion of CTranslate2 weights to openai-whisper, with a tiny Whisper."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.weights.ctranslate2_file import ModelFile, read_model_file
from inference.weights.whisper_from_ctranslate2 import to_openai

_ALIASES = {"decoder/projection/weight": "decoder/embeddings/weight"}
_WIDTH = 4
_TYPE_NUMBERS = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _file(variables: dict[str, NDArray[Any]], version: int = 6) -> bytes:
    parts = [struct.pack("<I", version), _text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, array in variables.items():
        shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        kind = struct.pack("<BI", _TYPE_NUMBERS[array.dtype.name], array.nbytes)
        parts += [_text(name), shape, kind, array.tobytes()]
    parts += [struct.pack("<I", len(_ALIASES)), *(_text(word) for pair in _ALIASES.items() for word in pair)]
    return b"".join(parts)


def _tiny() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(0)
    found: dict[str, NDArray[Any]] = {}

    def put(name: str, *shape: int) -> None:
        found[name] = random.standard_normal(shape).astype(np.float16)

    def linear(name: str, outputs: int, inputs: int = _WIDTH) -> None:
        put(f"{name}/weight", outputs, inputs)
        put(f"{name}/bias", outputs)

    def norm(name: str) -> None:
        put(f"{name}/gamma", _WIDTH)
        put(f"{name}/beta", _WIDTH)

    settings = {"activation": 3, "alibi": 0, "alignment_heads": 1, "alignment_layer": -1, "pre_norm": 1}
    settings |= {"scale_embeddings": 0, "start_from_zero_embedding": 0, "num_heads": 2}
    found |= {f"decoder/{name}": np.array(value, np.int16) for name, value in settings.items()}
    found["encoder/num_heads"] = np.array(2, np.int16)
    for conv, inputs in (("conv1", 80), ("conv2", _WIDTH)):
        put(f"encoder/{conv}/weight", _WIDTH, inputs, 3)
        put(f"encoder/{conv}/bias", _WIDTH)
    put("encoder/position_encodings/encodings", 6, _WIDTH)
    put("decoder/position_encodings/encodings", 5, _WIDTH)
    put("decoder/embeddings/weight", 11, _WIDTH)
    for side in ("encoder", "decoder"):
        norm(f"{side}/layer_norm")
        layer = f"{side}/layer_0"
        norm(f"{layer}/self_attention/layer_norm")
        linear(f"{layer}/self_attention/linear_0", 3 * _WIDTH)
        found[f"{layer}/self_attention/linear_0/bias"][_WIDTH : 2 * _WIDTH] = 0
        linear(f"{layer}/self_attention/linear_1", _WIDTH)
        norm(f"{layer}/ffn/layer_norm")
        linear(f"{layer}/ffn/linear_0", 4 * _WIDTH)
        linear(f"{layer}/ffn/linear_1", _WIDTH, 4 * _WIDTH)
    norm("decoder/layer_0/attention/layer_norm")
    linear("decoder/layer_0/attention/linear_0", _WIDTH)
    linear("decoder/layer_0/attention/linear_1", 2 * _WIDTH)
    found["decoder/layer_0/attention/linear_1/bias"][:_WIDTH] = 0
    linear("decoder/layer_0/attention/linear_2", _WIDTH)
    return found


def test_what_is_written_is_read() -> None:
    read = read_model_file(_file(_tiny()))
    assert (read.spec, read.aliases) == ("WhisperSpec", _ALIASES)
    for name, array in _tiny().items():
        np.testing.assert_array_equal(read.variables[name], array)


@pytest.mark.parametrize("cut", [3, 10, 100, -1])
def test_a_file_cut_off_is_unavailable(cut: int) -> None:
    with pytest.raises(EngineUnavailable):
        read_model_file(_file(_tiny())[:cut])


def test_a_file_with_more_behind_it_or_of_another_version_is_unavailable() -> None:
    for data in (_file(_tiny()) + b"\0", _file(_tiny(), version=7)):
        with pytest.raises(EngineUnavailable):
            read_model_file(data)


def test_every_tensor_has_its_place() -> None:
    variables = _tiny()
    dims, tensors = to_openai(read_model_file(_file(variables)))
    assert dims == {
        "n_mels": 80, "n_audio_ctx": 6, "n_audio_state": 4, "n_audio_head": 2, "n_audio_layer": 1,
        "n_vocab": 11, "n_text_ctx": 5, "n_text_state": 4, "n_text_head": 2, "n_text_layer": 1,
    }  # fmt: skip
    fused = variables["decoder/layer_0/attention/linear_1/weight"]
    np.testing.assert_array_equal(tensors["decoder.blocks.0.cross_attn.value.weight"], fused[_WIDTH:])
    np.testing.assert_array_equal(
        tensors["encoder.blocks.0.attn.query.bias"], variables["encoder/layer_0/self_attention/linear_0/bias"][:_WIDTH]
    )
    numbers = sum(array.size for array in variables.values() if array.dtype == np.float16)
    keys = 3 * _WIDTH  # the three key biases, all zero
    assert sum(array.size for array in tensors.values()) == numbers - keys


@pytest.mark.models
def test_whisper_takes_the_state_dict_whole() -> None:
    import torch
    import whisper

    dims, tensors = to_openai(read_model_file(_file(_tiny())))
    model = whisper.Whisper(whisper.ModelDimensions(**dims))
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()}, strict=True)


@pytest.mark.parametrize("change", ["missing", "unknown", "key bias", "setting", "alias", "spec"])
def test_another_model_is_unavailable(change: str) -> None:
    variables, aliases, spec = _tiny(), dict(_ALIASES), "WhisperSpec"
    match change:
        case "missing":
            del variables["encoder/conv2/bias"]
        case "unknown":
            variables["encoder/extra"] = np.zeros(1, np.float16)
        case "key bias":
            variables["encoder/layer_0/self_attention/linear_0/bias"][_WIDTH] = 1
        case "setting":
            variables["decoder/pre_norm"] = np.array(0, np.int16)
        case "alias":
            aliases["a"] = "b"
        case "spec":
            spec = "TransformerSpec"
    with pytest.raises(EngineUnavailable):
        to_openai(ModelFile(spec, variables, aliases))
