"""What SQLAlchemy makes of a statement, kept for every engine of the process that speaks the same dialect.

An engine compiles a statement once, and a service has one engine; here each test has a database of its own and each of
its commands an engine. Does not know any statement.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Compiled, Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

_STATEMENTS = 2_000
_PLAIN = (bool, int, str, tuple, type(None))


class CompiledOnce(LRUCache[tuple[Any, ...], Compiled]):
    """The compiled statements that every connection takes from `share` on.

    SQLAlchemy's key begins with the dialect, of which each engine has its own: what that is set to stands in its place.
    """

    def __init__(self) -> None:
        super().__init__(_STATEMENTS)

    def share(self) -> None:
        """Listen to every engine, those that are there and those that will be."""

        @event.listens_for(Engine, "engine_connect")
        def _give(conn: Connection) -> None:
            conn.execution_options(compiled_cache=self)

    def get(self, key: tuple[Any, ...], default: object = None) -> Any:  # noqa: ANN401 - as that of a mapping
        return super().get(_of_any_engine(*key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Compiled) -> None:
        super().__setitem__(_of_any_engine(*key), compiled)


def _of_any_engine(dialect: Dialect, *statement: object) -> tuple[object, ...]:
    settings = frozenset((name, value) for name, value in vars(dialect).items() if isinstance(value, _PLAIN))
    return type(dialect), settings, *statement
