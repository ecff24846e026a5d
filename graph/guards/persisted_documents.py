"""Persisted documents: automatic persisted queries (APQ) by hash, and the allow-list of trusted documents.

Protocol: https://www.apollographql.com/docs/apollo-server/performance/apq
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from cachetools import LRUCache

from db.errors import BadUserInput, VoxLoomError
from graph.guards.requests import GraphQLRequest

#: Bytes of all registered documents, and of one.
_STORE_BYTES = 4_000_000
_DOCUMENT_BYTES = 64_000


class PersistedQueryNotFound(VoxLoomError):
    """No document with this hash is registered here. Message and code are the protocol's: clients look for both."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(VoxLoomError):
    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class Refused(Exception):
    """A GraphQL request that gets ``error`` and is not executed, such as one with an unknown hash."""

    def __init__(self, error: VoxLoomError) -> None:
        super().__init__(error.code)
        self.error = error


class Documents:
    """Looks documents up by hash, for every transport. ``trusted``: the only ones that may run; None for any.

    Each process has registered documents of its own: on another process the client sends the text again, as in APQ.
    """

    def __init__(self, trusted: Mapping[str, str] | None) -> None:
        self._trusted = trusted
        self._texts = None if trusted is None else frozenset(trusted.values())
        self._registered: LRUCache[str, str] = LRUCache(_STORE_BYTES, lambda text: 2 * len(text))

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its document's text; a text is checked against its hash. Raises Refused."""
        asked = _hash_of(request.extensions)
        if asked is None:
            return request
        if not request.text:  # some clients must send a query and send an empty one
            text = (self._trusted or {}).get(asked) or self._registered.get(asked)
            if text is None:
                raise Refused(PersistedQueryNotFound("PersistedQueryNotFound"))
            return request.with_text(text)
        if hashlib.sha256(request.text.encode(errors="surrogatepass")).hexdigest() != asked:
            raise Refused(BadUserInput("The hash is not that of the query."))
        return request

    def is_new(self, request: GraphQLRequest) -> bool:
        """Whether a resolved request brings a document that is to be registered."""
        asked = _hash_of(request.extensions)
        return (
            asked is not None
            and asked not in self._registered
            and self._trusted is None
            and request.text is not None
            and len(request.text) <= _DOCUMENT_BYTES
        )

    def register(self, request: GraphQLRequest) -> None:
        """Keeps the document of a resolved request. For requests with a valid key only: all keys share what is kept."""
        asked = _hash_of(request.extensions)
        if asked is not None and request.text is not None and self.is_new(request):
            self._registered[asked] = request.text

    def may_run(self, text: str) -> bool:
        """Whether a document is trusted, or need not be."""
        return self._texts is None or text in self._texts


def trusted_documents(path: Path | None) -> dict[str, str] | None:
    """The trusted documents in a file: a JSON object of SHA-256 (hexadecimal) to text.

    Raises BadUserInput for another content, or a hash that is another text's.
    """
    if path is None:
        return None
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise BadUserInput("VOXLOOM_TRUSTED_DOCUMENTS must name a file of JSON.") from None
    if not isinstance(listed, dict):
        raise BadUserInput("VOXLOOM_TRUSTED_DOCUMENTS must hold an object of hash to document.")
    for told, text in listed.items():
        if not isinstance(text, str) or hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() != told:
            raise BadUserInput(f"VOXLOOM_TRUSTED_DOCUMENTS: {told[:80]} is not the SHA-256 of its document.")
    return listed


def _hash_of(extensions: Mapping[str, object]) -> str | None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise Refused(PersistedQueryNotSupported("Only version 1 of persisted queries is known."))
    told = persisted.get("sha256Hash")
    if not isinstance(told, str):
        raise Refused(BadUserInput("sha256Hash must be a string."))
    return told.lower()
