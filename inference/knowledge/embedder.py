"""The embeddings of knowledge and of questions to it: multilingual E5, shared with the scripted engine's models.

A thread of its own runs the model, so that a long text never keeps the threads that decode and file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from db.errors import EngineUnavailable

#: E5's similarities are high for any two texts, more so for some queries: the nearest sentence must also stand out from
#: the others. Calibrated on 48 questions in five languages that an English document answers, of which 40 are found, and
#: on 48 others, of which 6 are (questions after something near, as "who is the chef").
_NEAR = 0.81
_ABOVE_USUAL = 0.036

#: Of so few sentences none can stand out.
_FEW = 5
_NEAR_OF_FEW = 0.83


class E5Embedder:
    """Implements ``inference.ports.TextEmbedder``; the model is loaded with the first text."""

    name = "multilingual-e5-small-q4"

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="knowledge")

    def is_near(self, similarity: float, *, usual: float, texts: int) -> bool:
        if texts < _FEW:
            return similarity >= _NEAR_OF_FEW
        return similarity >= _NEAR and similarity - usual >= _ABOVE_USUAL

    async def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._embed, list(texts), query)

    def _embed(self, texts: list[str], query: bool) -> list[list[float]]:
        try:
            from inference.engines.scripted.understanding.shared import shared_e5  # noqa: PLC0415 - 80 MB
        except ImportError as error:
            raise EngineUnavailable(f"Knowledge needs the package {error.name}.") from None
        found: list[list[float]] = shared_e5(self._threads).encode(texts, "query" if query else "passage").tolist()
        return found

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
