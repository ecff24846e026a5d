"""Names of VoxLoom's extensions of an ASGI scope."""

from __future__ import annotations

#: Scope extension: a function without arguments that says that this connection has shown a valid API key.
KEY_SHOWN = "voxloom.key_shown"


#: Scope extension: `graph.http.connections.Connections.held`.
BYTES_HELD = "voxloom.bytes_held"

#: The scope's extension that is a function: it sends a text on a websocket at once, or says that it cannot.
PUSH = "voxloom.push"

#: Where the gate leaves the Viewer in the scope; absent without a valid key.
VIEWER = "voxloom.viewer"

#: Where the scope of an HTTP request holds what was read of it already.
OPERATION = "voxloom.operation"

#: The compiled subscriptions (``graph.compiled.live.live.Live``), for a websocket.
LIVE = "voxloom.live"
