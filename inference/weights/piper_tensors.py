"""Reads the weights of a Piper voice from its ONNX file, under their names in VITS. Does not run the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.weights.onnx_file import read_graph, values_of

Tensors = dict[str, NDArray[np.float32]]

_PARTS = frozenset({"enc_p", "dec", "dp", "flow"})


def read_tensors(path: Path) -> Tensors:
    """All weights of a single-speaker Piper voice, by their names in the original VITS.

    The exporter gave some tensors generated names. Weights of weight-normalized convolutions are identified by the bias
    of the same node, the embedding of symbols by its Gather node, and ``exp(-logs)`` of the first affine flow, here
    ``dp.flows.0.exp_minus_logs``, by its Mul node. Raises EngineUnavailable if a float tensor of more than one number
    remains unidentified: part of the voice would be lost.
    """
    graph = read_graph(path)
    stored = {tensor.name: values_of(tensor) for tensor in graph.initializer}
    named = {name: name for name in stored if name.split(".")[0] in _PARTS}
    for node in graph.node:
        if node.op_type in {"Conv", "ConvTranspose"} and len(node.input) == 3 and node.input[1] not in named:
            named[node.input[1]] = node.input[2].removesuffix("bias") + "weight"
        elif node.op_type == "Gather" and node.input[0] in stored and stored[node.input[0]].ndim == 2:
            named[node.input[0]] = "enc_p.emb.weight"
        elif node.op_type == "Mul" and node.name.startswith("/dp/flows.0/"):
            named |= {name: "dp.flows.0.exp_minus_logs" for name in node.input if name in stored}
    lost = [
        name for name, values in stored.items() if name not in named and values.dtype.kind == "f" and values.size > 1
    ]
    if lost:
        raise EngineUnavailable(f"The voice file holds {len(lost)} tensors that VoxLoom does not know.")
    return {name: stored[key].astype(np.float32) for key, name in named.items()}
