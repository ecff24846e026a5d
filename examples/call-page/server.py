"""Serves the page, and opens calls for it: the API key stays here, the page gets a token for one call.

VOXLOOM_API_KEY=vxl_... python server.py      # http://127.0.0.1:5174
"""

from __future__ import annotations

import json
import os
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

URL = os.environ.get("VOXLOOM_URL", "http://127.0.0.1:8000")
KEY = os.environ["VOXLOOM_API_KEY"]
PORT = int(os.environ.get("PORT", "5174"))
PAGE = os.environ.get("PAGE", str(Path(__file__).parent / "page"))


# recipe: open_call
CREATE_SESSION = """
mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }"""

OPEN_CALL = """
mutation ($input: OpenCallInput!) { openCall(input: $input) { url token expiresAt } }"""


def run(document: str, **variables: Any) -> dict[str, Any]:
    """The data of a mutation; an exception if the server refuses it."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with urlopen(Request(f"{URL}/graphql", body, headers), timeout=10) as response:
        answer = json.load(response)
    if "errors" in answer:
        raise RuntimeError(answer["errors"])
    data: dict[str, Any] = answer["data"]
    return data


def open_call(customer_id: str) -> dict[str, str]:
    """The websocket address and the token that a page needs to call."""
    session = run(CREATE_SESSION, input={"customerId": customer_id, "persona": "billing_agent", "language": "en"})
    wanted = {"sessionId": session["createSession"]["session"]["id"], "turnTaking": {"eagerness": "AUTO"}}
    opened: dict[str, str] = run(OPEN_CALL, input=wanted)["openCall"]
    return opened


# end


class Handler(SimpleHTTPRequestHandler):
    def do_POST(self) -> None:
        # Yours: who is signed in, and whether they may call. Without it, whoever finds this address may.
        if self.path != "/call":
            self.send_error(404)
            return
        try:
            answer = json.dumps(open_call(customer_id="c-1")).encode()
        except (OSError, RuntimeError) as error:
            print(f"No call was opened: {error}")
            self.send_error(503, "No call can be opened now")
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer)


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), partial(Handler, directory=PAGE)) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
