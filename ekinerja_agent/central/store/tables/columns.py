"""What every table is made of: names of constraints, instants, what a terminal's clock showed, messages, numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    func,
    type_coerce,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from ekinerja_agent.nouns.messages import Message, pack, unpack

ONLY = "only"
"""Key of an index's `info`: the one database that has it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An instant: timestamptz on PostgreSQL, UTC text on SQLite. A naive datetime is refused at the column."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Clock(TypeDecorator[datetime]):
    """What a terminal's clock showed: naive local time. An aware datetime is refused at the column."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is not None:
            raise ValueError(f"{value} has a time zone; a terminal's clock has none")
        return value


class MessageText(TypeDecorator[str]):
    """Beside a sentence that SQL reads: the message that it is the text of. Null: it is the text of none."""

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        return str

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return kept_message(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Message | None:  # noqa: ARG002
        return None if value is None else unpack(value)


def kept_message(said: str | None) -> str | None:
    """Given a sentence, return its message as it is kept; None for text that is none and looks like none."""
    packed = None if said is None else pack(said)
    return None if packed == said else packed


def message_column(name: str) -> str:
    """Given the column of a sentence, return the name of the column of its message."""
    return f"{name}_message"


def sentence(name: str, *, nullable: bool = True) -> tuple[Column[Any], Column[Any]]:
    """Given a name, return the column of a sentence, in English, and the one of its message, which fills itself."""

    def same(context: DefaultExecutionContext) -> Any:
        return context.current_parameters and context.current_parameters.get(name)

    return Column(name, Text, nullable=nullable), Column(message_column(name), MessageText, default=same)


def message_of(columns: Any, name: str) -> ColumnElement[str]:
    """Given a table's columns and that of a sentence, return the message; a sentence that has none is text."""
    return type_coerce(func.coalesce(columns[message_column(name)], columns[name]), MessageText)


def serial_key() -> Column[Any]:
    return Column("id", Serial, primary_key=True, autoincrement=True)
