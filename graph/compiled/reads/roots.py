"""Root fields of compiled queries: the rows that each selects, and the bound values from its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import Integer, Uuid, select
from sqlalchemy.sql.selectable import NamedFromClause

from db.errors import VoxLoomError
from db.ids import parse_id
from db.models.base import Base
from db.models.conversation import Session, Turn
from db.models.work import CrmRecord
from graph.api import filters
from graph.api.conditions import Condition
from graph.api.declared import Expression
from graph.api.inputs import CrmRecordFilter, SessionFilter
from graph.api.paging import Page
from graph.compiled.reads.selection import Unsupported
from graph.compiled.reads.sql_json import Parameters, Rows, SqlType

#: Arguments by Python name. Any: graphql-core has coerced each to its own type.
Arguments = Mapping[str, Any]

SIZE, AFTER, BEFORE = "size", "after", "before"

_Conditions = Iterable[Condition]


@dataclass(frozen=True, slots=True)
class Bound:
    """A root field's arguments as bound ``values`` and ``conditions``. ``prefix``: makes the values' names unique."""

    values: dict[str, object]
    conditions: tuple[Condition, ...] = ()
    prefix: str = ""
    backwards: bool = False

    def parameter(self, parameters: Parameters, name: str, kind: SqlType) -> Expression:
        """The placeholder of a value in a statement."""
        return parameters.of(self.prefix + name, kind)

    def named(self, prefix: str) -> Bound:
        """The same, with another prefix."""
        return replace(self, prefix=prefix)

    @property
    def form(self) -> tuple[object, ...]:
        """The part of the arguments that changes the statement's text."""
        return (tuple(self.values), tuple(each.sql for each in self.conditions), self.backwards)


@dataclass(frozen=True, slots=True)
class Root:
    """A root field. ``bind`` raises Unsupported for arguments that the resolver refuses or treats specially.

    ``rows``: a select without columns of the tenant's rows of ``model`` that match the bound values.
    ``required``: a missing row is an error, which the resolver reports.
    """

    model: type[Base]
    bind: Callable[[Arguments], Bound]
    rows: Callable[[NamedFromClause, Expression, Bound, Parameters], Rows]
    pages: bool = False
    is_session: bool = False
    required: bool = False


def _by_id(argument: str, what: str) -> Callable[[Arguments], Bound]:
    def bind(arguments: Arguments) -> Bound:
        try:
            return Bound({"id": parse_id(arguments[argument], what)})
        except VoxLoomError as error:
            raise Unsupported(error.code) from None

    return bind


def _by_id_or_reference(arguments: Arguments) -> Bound:
    own_id, reference = arguments["id"], arguments["reference"]
    try:
        if own_id is not None and reference is None:
            return Bound({"id": parse_id(own_id, "CRM record")})
        if own_id is None and reference is not None:
            return Bound({"reference": filters.clean_reference(reference)})
    except VoxLoomError as error:
        raise Unsupported(error.code) from None
    raise Unsupported("either id or reference")


def _page(
    conditions_of: Callable[[SessionFilter | None], _Conditions] | Callable[[CrmRecordFilter | None], _Conditions],
) -> Callable[[Arguments], Bound]:
    def bind(arguments: Arguments) -> Bound:
        wanted = arguments["filter"]
        try:
            asked = Page.of(*(arguments[name] for name in ("first", "after", "last", "before")))
            values: dict[str, object] = {SIZE: asked.size}
            values |= {name: value for name in (AFTER, BEFORE) if (value := getattr(asked, name)) is not None}
            conditions = list(conditions_of(wanted))
        except VoxLoomError as error:
            raise Unsupported(error.code) from None
        for name, (value, _) in _named(conditions):
            values[name] = value.value if isinstance(value, Enum) else value
        return Bound(values, tuple(conditions), backwards=asked.backwards)

    return bind


def _named(conditions: Sequence[Condition]) -> Iterator[tuple[str, tuple[object, SqlType]]]:
    """The values of the conditions by the names under which they are bound."""
    for number, each in enumerate(conditions):
        for place, value in enumerate(each.values):
            yield _name(number, place), value


def _name(number: int, place: int) -> str:
    return f"filter_{number}_{place}"


def _session(table: NamedFromClause, tenant_id: Expression, bound: Bound, parameters: Parameters) -> Rows:
    own = bound.parameter(parameters, "id", Uuid())
    return select().select_from(table).where(table.c.id == own, table.c.tenant_id == tenant_id)


def _turn(table: NamedFromClause, tenant_id: Expression, bound: Bound, parameters: Parameters) -> Rows:
    owner = Session.__table__.alias("owner")
    rows = select().select_from(table).join(owner, owner.c.id == table.c.session_id)
    return rows.where(table.c.id == bound.parameter(parameters, "id", Uuid()), owner.c.tenant_id == tenant_id)


def _record(table: NamedFromClause, tenant_id: Expression, bound: Bound, parameters: Parameters) -> Rows:
    rows = select().select_from(table).where(table.c.tenant_id == tenant_id)
    (name,) = bound.values
    rows = rows.where(table.c[name] == bound.parameter(parameters, name, table.c[name].type))
    return rows if name == "id" else rows.where(table.c.forked.is_(False))


def filtered(table: NamedFromClause, tenant_id: Expression, bound: Bound, parameters: Parameters) -> Rows:
    """All rows that match a list's filters, before paging."""
    rows = select().select_from(table).where(table.c.tenant_id == tenant_id)
    for number, each in enumerate(bound.conditions):
        kinds = enumerate(kind for _, kind in each.values)
        values = [bound.parameter(parameters, _name(number, place), kind) for place, kind in kinds]
        rows = rows.where(each.sql(table.c, values))
    return rows


def _newest(table: NamedFromClause, tenant_id: Expression, bound: Bound, parameters: Parameters) -> Rows:
    rows = filtered(table, tenant_id, bound, parameters)
    if AFTER in bound.values:
        rows = rows.where(table.c.id < bound.parameter(parameters, AFTER, Uuid()))
    if BEFORE in bound.values:
        rows = rows.where(table.c.id > bound.parameter(parameters, BEFORE, Uuid()))
    order = table.c.id.asc() if bound.backwards else table.c.id.desc()
    return rows.order_by(order).limit(bound.parameter(parameters, SIZE, Integer()) + 1)


ROOTS: Mapping[str, Root] = {
    "conversation": Root(Session, _by_id("session_id", "session"), _session, is_session=True, required=True),
    "session": Root(Session, _by_id("id", "session"), _session, is_session=True),
    "turn": Root(Turn, _by_id("id", "turn"), _turn),
    "crmRecord": Root(CrmRecord, _by_id_or_reference, _record),
    "sessions": Root(Session, _page(filters.of_sessions), _newest, pages=True),
    "crmRecords": Root(CrmRecord, _page(filters.of_crm_records), _newest, pages=True),
}
