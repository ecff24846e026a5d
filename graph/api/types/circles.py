"""Lazy imports of GraphQL types that refer to each other in a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.work import CrmRecord as CrmRecordRow
from graph.api.loaders import Source

if TYPE_CHECKING:
    from graph.api.types.crm import CrmRecord
    from graph.api.types.session import Session
    from graph.api.types.turn import Turn


def session_of(*, row: SessionRow, source: Source) -> Session:
    from graph.api.types.session import Session

    return Session(row=row, source=source)


def turn_of(*, row: TurnRow, source: Source) -> Turn:
    from graph.api.types.turn import Turn

    return Turn(row=row, source=source)


def crm_record_of(*, row: CrmRecordRow, source: Source) -> CrmRecord:
    from graph.api.types.crm import CrmRecord

    return CrmRecord(row=row, source=source)
