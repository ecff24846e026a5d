"""Keys of VoxLoom's entries in an ASGI scope and in its ``extensions``."""

from __future__ import annotations

#: Scope extension: a function without arguments, to call when the connection has shown a valid API key.
KEY_SHOWN = "voxloom.key_shown"


#: Scope extension: `graph.http.connections.Connections.held`.
BYTES_HELD = "voxloom.bytes_held"

#: Scope extension: a function that sends a text on a websocket synchronously; False if it cannot.
PUSH = "voxloom.push"

#: Scope: the Viewer, set by `KeyGate`; absent without a valid key.
VIEWER = "voxloom.viewer"

#: Scope: why there is no Viewer, an Unauthenticated of ``db.errors``; set by `KeyGate`.
KEY_ERROR = "voxloom.key_error"

#: Scope: the parsed GraphQLRequest, set by `FastPath`.
OPERATION = "voxloom.operation"

#: Scope of a websocket: the compiled subscriptions (``graph.compiled.live.live.Live``).
LIVE = "voxloom.live"

#: Why a websocket's API key was refused, in words for its close frame, where the close code says less.
REFUSAL = "voxloom.refusal"
