"""multilingual-e5-small on onnxruntime, against the same encoder written out in numpy, and across languages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inference.engines.scripted.e5 import E5, SIZE, Vectors, rescaled
from inference.engines.scripted.e5_file import E5Weights

SENTENCES = ["I want to cancel my contract", "मेरा इंटरनेट नहीं चल रहा", "میرا انٹرنیٹ نہیں چل رہا ہے", "hola"]


@pytest.fixture(scope="module")
def model() -> E5:
    return E5()


def test_vectors_are_those_of_the_encoder_computed_in_numpy(model: E5) -> None:
    vectors = model.encode(SENTENCES, "passage")
    assert vectors.shape == (len(SENTENCES), SIZE)
    for text, vector in zip(SENTENCES, vectors, strict=True):
        ids = np.array(model._tokenizer.encode(f"passage: {text}").ids)
        assert float(_reference(model._weights, ids) @ vector) > 0.99


def test_the_same_in_other_words_and_scripts_is_nearer_than_something_else(model: E5) -> None:
    texts = ["my internet is down", "मेरा इंटरनेट नहीं चल रहा", "میرا انٹرنیٹ نہیں چل رہا ہے", "mera net band hai"]
    close = model.encode(texts)
    far = model.encode(["what is the weather today", "आज मौसम कैसा है", "kal barish hogi kya"])
    assert (close @ close.T).min() > (close @ far.T).max()
    assert (rescaled(close @ far.T) < 0.6).all()


def test_a_text_has_the_same_vector_alone_and_in_a_batch(model: E5) -> None:
    together = model.encode([*SENTENCES, "a much longer text that pads all the others of its batch " * 4])
    alone = np.concatenate([model.encode([text]) for text in SENTENCES])
    assert (np.sum(together[: len(SENTENCES)] * alone, axis=1) > 0.995).all()


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800".encode("utf-8", "replace").decode(), "x" * 100_000])
def test_odd_texts_have_a_unit_vector(model: E5, text: str) -> None:
    (vector,) = model.encode([text])
    assert math.isclose(float(np.linalg.norm(vector)), 1, rel_tol=1e-3)


def test_no_texts_are_no_vectors(model: E5) -> None:
    assert model.encode([]).shape == (0, SIZE)


def _reference(weights: E5Weights, ids: np.ndarray) -> Vectors:
    """The unit vector of one text in float32."""

    def product(name: str, state: Vectors) -> Vectors:
        rows = len(weights.vectors[f"{name}.b"])
        matrix = weights.matrices[f"{name}.w"].rows(np.arange(rows), state.shape[-1])
        result: Vectors = state @ matrix.T + weights.vectors[f"{name}.b"]
        return result

    def normalized(name: str, state: Vectors) -> Vectors:
        centred = state - state.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + weights.epsilon)
        result: Vectors = scaled * weights.vectors[f"{name}.w"] + weights.vectors[f"{name}.b"]
        return result

    size, heads = weights.hidden, weights.heads
    positions = weights.vectors["emb.pos"].reshape(-1, size)[: len(ids)] + weights.vectors["emb.type"][:size]
    state = normalized("emb.ln", weights.matrices["emb.word"].rows(ids, size) + positions)
    for layer in range(weights.layers):
        query, key, value = (
            product(f"l{layer}.{each}", state).reshape(len(ids), heads, -1).transpose(1, 0, 2) for each in "qkv"
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(size // heads))
        attended = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), size)
        state = normalized(f"l{layer}.aln", state + product(f"l{layer}.ao", attended))
        inner = product(f"l{layer}.fi", state)
        inner = inner * np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))(inner)
        state = normalized(f"l{layer}.oln", state + product(f"l{layer}.fo", inner))
    pooled: Vectors = state.mean(0)
    unit: Vectors = pooled / np.linalg.norm(pooled)
    return unit
