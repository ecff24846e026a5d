"""Converts the weights of a Piper voice to ESPnet's VITS: maps every tensor's name, and leaves none out."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from db.errors import EngineUnavailable
from inference.weights.piper_tensors import Tensors, read_tensors
from inference.weights.torch_file import save_tensors

_ENCODER_LAYERS = 6
_FLOW_LAYERS = 4
_GENERATOR = "tts.generator."


def write_weights(onnx: Path, path: Path) -> None:
    """Converts a Piper voice's ONNX file into ESPnet's ``model.pth``.

    Raises EngineUnavailable if the file is no such voice, or a tensor is missing or left over.
    """
    save_tensors(rename(read_tensors(onnx)), path)


def rename(source: Tensors) -> dict[str, Tensor]:
    """The state dict for ESPnet. Raises EngineUnavailable if a tensor is missing or left over."""
    voice = _Renaming(source)
    _text_encoder(voice)
    _durations(voice)
    for flow in (0, 2, 4, 6):
        _coupling(voice, f"flow.flows.{flow}")
    _decoder(voice)
    if voice.unused:
        raise EngineUnavailable(f"The voice file holds {len(voice.unused)} tensors that ESPnet does not have.")
    return voice.renamed


class _Renaming:
    def __init__(self, source: Tensors) -> None:
        self._source = source
        self.unused = set(source)
        self.renamed: dict[str, Tensor] = {}

    def take(self, name: str) -> Tensor:
        if name not in self.unused:
            raise EngineUnavailable(f"The voice file has no tensor {name}.")
        self.unused.remove(name)
        return torch.from_numpy(self._source[name].copy())

    def put(self, name: str, tensor: Tensor) -> None:
        self.renamed[_GENERATOR + name] = tensor.contiguous()

    def move(self, to: str, origin: str) -> None:
        self.put(to, self.take(origin))

    def layer(self, to: str, origin: str) -> None:
        self.move(f"{to}.weight", f"{origin}.weight")
        self.move(f"{to}.bias", f"{origin}.bias")

    def norm(self, to: str, origin: str) -> None:
        self.move(f"{to}.weight", f"{origin}.gamma")
        self.move(f"{to}.bias", f"{origin}.beta")


def _text_encoder(voice: _Renaming) -> None:
    voice.move("text_encoder.emb.weight", "enc_p.emb.weight")
    voice.layer("text_encoder.proj", "enc_p.proj")
    for i in range(_ENCODER_LAYERS):
        layer, attention = f"text_encoder.layers.{i}", f"enc_p.encoder.attn_layers.{i}"
        for to, origin in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            voice.layer(f"{layer}.attention.{to}", f"{attention}.conv_{origin}")
        voice.put(f"{layer}.attention.relative_key", voice.take(f"{attention}.emb_rel_k")[0])
        voice.put(f"{layer}.attention.relative_value", voice.take(f"{attention}.emb_rel_v")[0])
        voice.norm(f"{layer}.attention_norm", f"enc_p.encoder.norm_layers_1.{i}")
        voice.layer(f"{layer}.widen", f"enc_p.encoder.ffn_layers.{i}.conv_1")
        voice.layer(f"{layer}.narrow", f"enc_p.encoder.ffn_layers.{i}.conv_2")
        voice.norm(f"{layer}.feed_norm", f"enc_p.encoder.norm_layers_2.{i}")


def _durations(voice: _Renaming) -> None:
    voice.layer("duration_predictor.pre", "dp.pre")
    voice.layer("duration_predictor.proj", "dp.proj")
    _dilated(voice, "duration_predictor.dds", "dp.convs")
    voice.move("duration_predictor.flows.0.m", "dp.flows.0.m")
    voice.put("duration_predictor.flows.0.logs", -torch.log(voice.take("dp.flows.0.exp_minus_logs")))
    for flow in (3, 5, 7):
        to, origin = f"duration_predictor.flows.{flow}", f"dp.flows.{flow}"
        voice.layer(f"{to}.input_conv", f"{origin}.pre")
        _dilated(voice, f"{to}.dds_conv", f"{origin}.convs")
        voice.layer(f"{to}.proj", f"{origin}.proj")


def _dilated(voice: _Renaming, to: str, origin: str) -> None:
    for i in range(3):
        voice.layer(f"{to}.convs.{i}.0", f"{origin}.convs_sep.{i}")
        voice.norm(f"{to}.convs.{i}.2", f"{origin}.norms_1.{i}")
        voice.layer(f"{to}.convs.{i}.5", f"{origin}.convs_1x1.{i}")
        voice.norm(f"{to}.convs.{i}.7", f"{origin}.norms_2.{i}")


def _coupling(voice: _Renaming, flow: str) -> None:
    """A coupling layer of the flow. ESPnet scales the sum of the skip connections by 1/sqrt(layers), compensated by the
    projection here, and its last layer has an unused residual half, filled with zeros here.
    """
    voice.layer(f"{flow}.input_conv", f"{flow}.pre")
    voice.put(f"{flow}.proj.weight", voice.take(f"{flow}.post.weight") * math.sqrt(_FLOW_LAYERS))
    voice.move(f"{flow}.proj.bias", f"{flow}.post.bias")
    for i in range(_FLOW_LAYERS):
        to = f"{flow}.encoder.conv_layers.{i}"
        voice.layer(f"{to}.conv", f"{flow}.enc.in_layers.{i}")
        for kind in ("weight", "bias"):
            tensor = voice.take(f"{flow}.enc.res_skip_layers.{i}.{kind}")
            if i == _FLOW_LAYERS - 1:
                tensor = torch.cat([torch.zeros_like(tensor), tensor])
            voice.put(f"{to}.conv1x1_out.{kind}", tensor)


def _decoder(voice: _Renaming) -> None:
    voice.layer("decoder.input_conv", "dec.conv_pre")
    for i in range(3):
        voice.layer(f"decoder.upsamples.{i}.1", f"dec.ups.{i}")
    for i in range(9):
        for j in range(2):
            voice.layer(f"decoder.blocks.{i}.convs1.{j}.1", f"dec.resblocks.{i}.convs.{j}")
    voice.move("decoder.output_conv.1.weight", "dec.conv_post.weight")
    voice.put("decoder.output_conv.1.bias", torch.zeros(1))  # Piper's has no bias
