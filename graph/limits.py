"""The limits of the edge, as values: of a GraphQL document and its variables, and of connections."""

from __future__ import annotations

from dataclasses import dataclass

#: Entries of a page or a part of a list: the most, which an operator may lower, and those where none are asked for.
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The largest values that are accepted. The defaults are those of the settings of the same names."""

    max_document_bytes: int = 100_000
    max_tokens: int = 2_000
    #: Levels of nested fields.
    max_depth: int = 12
    #: Fields, spreads and inline fragments; a fragment counts wherever it is spread.
    max_fields: int = 1_000
    max_aliases: int = 100
    #: Root fields of one operation.
    max_root_fields: int = 20
    #: Estimated objects of the response.
    max_cost: int = 15_000
    #: Largest ``first`` and ``last``.
    max_page_size: int = MAX_PAGE_SIZE
    #: Nesting of lists and objects in a variable's value and in literals of a document.
    max_value_depth: int = 32
    #: Values in the variables, entries of nested lists and objects included.
    max_values: int = 10_000
    introspection: bool = True

    @property
    def max_brackets(self) -> int:
        """Levels of brackets that a document within the limits can have."""
        return max(self.max_depth, INTROSPECTION_DEPTH) + self.max_value_depth + 2


#: The standard introspection query, which tools send, goes 13 deep.
INTROSPECTION_DEPTH = 20


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of one process, by default; the settings of the same names change them.

    ``max_connections_per_address`` counts connections that have shown no valid key; peers in ``trusted_proxies`` are
    not counted by address. ``max_bytes_in_flight`` is the sum of the large request bodies and websocket messages that
    are being received or worked on; one API key may have half of it.
    """

    max_head_bytes: int = 65_536
    max_headers: int = 100
    head_seconds: float = 10
    body_idle_seconds: float = 20
    body_seconds: float = 300
    stalled_write_seconds: float = 60
    max_connections: int = 20_000
    max_connections_per_address: int = 1_000
    max_bytes_in_flight: int = 300_000_000
    trusted_proxies: tuple[str, ...] = ()
