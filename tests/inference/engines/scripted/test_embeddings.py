"""The embedding models of understanding: what they take of the machine."""

from __future__ import annotations

from threadpoolctl import ThreadpoolController

from inference.engines.scripted.understanding.encoder import Encoder


def test_numpy_has_one_thread_for_small_products(encoder: Encoder) -> None:
    # With two, a sentence took 30 times as long on a machine where the other core had work.
    found = ThreadpoolController().select(prefix="libscipy_openblas").info()
    assert {each["num_threads"] for each in found} <= {1}
