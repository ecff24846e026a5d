"""Converts a CTranslate2 Whisper to openai-whisper's checkpoint: maps every tensor, and leaves none out.

CTranslate2 fuses a layer's query, key and value projections into one matrix, and adds a bias for the key, which Whisper
does not have: it must be zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.weights.ctranslate2_file import ModelFile, read_model_file

#: Settings of CTranslate2's runtime, with the values that openai-whisper's code implies.
_BUILT_IN = {
    "decoder/activation": 3,
    "decoder/alibi": 0,
    "decoder/alignment_heads": 1,
    "decoder/alignment_layer": -1,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
_ALIASES = {"decoder/projection/weight": "decoder/embeddings/weight"}

Tensors = dict[str, NDArray[Any]]


def write_checkpoint(model_bin: bytes, path: Path) -> None:
    """Converts a whole ``model.bin`` into the checkpoint that ``whisper.load_model`` takes. Needs torch.

    Raises EngineUnavailable if the file is damaged, is not a Whisper, or has an unknown tensor.
    """
    import torch  # noqa: PLC0415  the CTranslate2 engine must do without it

    from inference.weights.torch_file import save_tensors  # noqa: PLC0415  imports torch

    dims, tensors = to_openai(read_model_file(model_bin))
    state = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
    save_tensors({"dims": dims, "model_state_dict": state}, path)


def to_openai(model: ModelFile) -> tuple[dict[str, int], Tensors]:
    """The model's dimensions and its state dict, under openai-whisper's names, in the file's precision.

    Raises EngineUnavailable if the file is not a Whisper, or has an unknown tensor.
    """
    if model.spec != "WhisperSpec" or model.aliases != _ALIASES:
        raise EngineUnavailable("The CTranslate2 model is not a Whisper of the supported form.")
    mapping = _Mapping(model.variables)
    try:
        dims = mapping.run()
    except KeyError as exc:
        raise EngineUnavailable(f"The CTranslate2 Whisper lacks the tensor {exc.args[0]}.") from exc
    if mapping.unmapped:
        raise EngineUnavailable(f"The CTranslate2 Whisper has unknown tensors: {', '.join(sorted(mapping.unmapped))}.")
    return dims, mapping.mapped


class _Mapping:
    def __init__(self, variables: Tensors) -> None:
        self.unmapped = dict(variables)
        self.mapped: Tensors = {}

    def run(self) -> dict[str, int]:
        for name, value in _BUILT_IN.items():
            if int(self.unmapped.pop(name)) != value:
                raise EngineUnavailable(f"The CTranslate2 Whisper has an unsupported value of {name}.")
        heads = {side: int(self.unmapped.pop(f"{side}/num_heads")) for side in ("encoder", "decoder")}
        layers = {side: self._layers(side) for side in ("encoder", "decoder")}
        for conv in ("conv1", "conv2"):
            self._linear(f"encoder/{conv}", f"encoder.{conv}")
        for side in ("encoder", "decoder"):
            self._place(f"{side}/position_encodings/encodings", f"{side}.positional_embedding")
        self._place("decoder/embeddings/weight", "decoder.token_embedding.weight")
        self._norm("encoder/layer_norm", "encoder.ln_post")
        self._norm("decoder/layer_norm", "decoder.ln")
        for side, count in layers.items():
            for index in range(count):
                self._block(f"{side}/layer_{index}", f"{side}.blocks.{index}", cross_attention=side == "decoder")
        audio_state, mels, _ = self.mapped["encoder.conv1.weight"].shape
        vocabulary, text_state = self.mapped["decoder.token_embedding.weight"].shape
        return {
            "n_mels": mels,
            "n_audio_ctx": self.mapped["encoder.positional_embedding"].shape[0],
            "n_audio_state": audio_state,
            "n_audio_head": heads["encoder"],
            "n_audio_layer": layers["encoder"],
            "n_vocab": vocabulary,
            "n_text_ctx": self.mapped["decoder.positional_embedding"].shape[0],
            "n_text_state": text_state,
            "n_text_head": heads["decoder"],
            "n_text_layer": layers["decoder"],
        }

    def _layers(self, side: str) -> int:
        return len(
            {name.split("/")[1] for name in self.unmapped if name.startswith(f"{side}/layer_") and "/ffn/" in name}
        )

    def _block(self, source: str, target: str, *, cross_attention: bool) -> None:
        self._norm(f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
        self._split(f"{source}/self_attention/linear_0", f"{target}.attn", ("query", "key", "value"))
        self._linear(f"{source}/self_attention/linear_1", f"{target}.attn.out")
        if cross_attention:
            self._norm(f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
            self._linear(f"{source}/attention/linear_0", f"{target}.cross_attn.query")
            self._split(f"{source}/attention/linear_1", f"{target}.cross_attn", ("key", "value"))
            self._linear(f"{source}/attention/linear_2", f"{target}.cross_attn.out")
        self._norm(f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
        self._linear(f"{source}/ffn/linear_0", f"{target}.mlp.0")
        self._linear(f"{source}/ffn/linear_1", f"{target}.mlp.2")

    def _split(self, source: str, target: str, parts: tuple[str, ...]) -> None:
        weights = np.split(self.unmapped.pop(f"{source}/weight"), len(parts))
        biases = np.split(self.unmapped.pop(f"{source}/bias"), len(parts))
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            self.mapped[f"{target}.{part}.weight"] = weight
            if part != "key":
                self.mapped[f"{target}.{part}.bias"] = bias
            elif bias.any():
                raise EngineUnavailable(f"The CTranslate2 Whisper has a key bias in {source}; Whisper has none.")

    def _linear(self, source: str, target: str) -> None:
        self._place(f"{source}/weight", f"{target}.weight")
        self._place(f"{source}/bias", f"{target}.bias")

    def _norm(self, source: str, target: str) -> None:
        self._place(f"{source}/gamma", f"{target}.weight")
        self._place(f"{source}/beta", f"{target}.bias")

    def _place(self, source: str, target: str) -> None:
        self.mapped[target] = self.unmapped.pop(source)
