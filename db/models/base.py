"""SQLAlchemy declarative base, mixins and column types of all tables."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Enum, MetaData, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.ids import new_id
from db.json_value import Json


class Base(DeclarativeBase):
    """Declarative base with a naming convention for constraints, which migrations rely on."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name and form
        datetime: DateTime(timezone=True),
        dict[str, Json]: JSONB(none_as_null=True),  # None is NULL, not the JSON value null
    }


class IdMixin:
    """Primary key ``id``, a UUIDv7."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class CreatedAtMixin:
    """``created_at`` by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


def enum_type(enum: type[StrEnum], name: str) -> Enum:
    """A text type restricted to the values of ``enum`` by a check constraint called ``name``."""
    return Enum(enum, name=name, native_enum=False, create_constraint=True, length=32, values_callable=_values)


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]
