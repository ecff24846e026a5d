"""How much a GraphQL document and its variables may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """Each number is the most that is taken. The defaults are those of the settings of the same names."""

    max_document_bytes: int = 100_000
    max_tokens: int = 2_000
    #: Fields within fields, from the operation down.
    max_depth: int = 12
    #: Fields, spreads and inline fragments of a document, each fragment counted where it is spread.
    max_fields: int = 1_000
    max_aliases: int = 100
    #: Fields of one operation at the top.
    max_root_fields: int = 20
    #: Objects that the answer may hold, estimated.
    max_cost: int = 15_000
    #: What ``first`` may be.
    max_page_size: int = 100
    #: Lists and objects within each other, in one variable's value and in the values of a document.
    max_value_depth: int = 32
    #: Values in the variables, each entry of each list and object counted.
    max_values: int = 10_000
    introspection: bool = True

    @property
    def max_brackets(self) -> int:
        """Brackets of a document within each other: no document that is taken has more."""
        return max(self.max_depth, INTROSPECTION_DEPTH) + self.max_value_depth + 2


#: The standard introspection query, which tools send, goes 13 deep.
INTROSPECTION_DEPTH = 20
