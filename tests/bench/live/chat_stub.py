"""An OpenAI-compatible chat server that answers at once, with the same words for every peer.

``python -m tests.bench.live.chat_stub`` listens on 127.0.0.1, on the port that PORT names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import orjson
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

REPLY = "I am sorry about that, and I can look into the charge for you. May I have your account number, please?"

app = FastAPI()


@app.get("/v1/models")
async def models() -> dict[str, object]:
    return {"object": "list", "data": [{"id": "stub", "object": "model", "created": 0, "owned_by": "tests"}]}


@app.post("/v1/chat/completions")
async def chat() -> StreamingResponse:
    return StreamingResponse(_stream(), media_type="text/event-stream")


def _stream() -> Iterator[bytes]:
    """Word by word, without a pause between them."""
    first, *rest = REPLY.split(" ")
    yield _chunk({"role": "assistant", "content": first}, None)
    for word in rest:
        yield _chunk({"content": f" {word}"}, None)
    yield _chunk({}, "stop")
    yield b"data: [DONE]\n\n"


def _chunk(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": "stub", "choices": [choice]}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error")
