"""What SQLAlchemy makes of a statement, kept for every engine of the process that speaks the same dialect.

An engine compiles a statement once, and a service has one engine; here each test has a database of its own and each of
its commands an engine. Does not know any statement.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ClauseElement, Compiled, Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

_STATEMENTS = 3_000
_LITERAL = {"compile_kwargs": {"literal_binds": True}}
_PLAIN = (bool, int, str, tuple, type(None))


class CompiledOnce(LRUCache[tuple[Any, ...], Compiled]):
    """The compiled statements that every connection takes from `share` on, and those that hold their values as text.

    SQLAlchemy's key begins with the dialect, of which each engine has its own: what that is set to stands in its place.
    """

    def __init__(self) -> None:
        super().__init__(_STATEMENTS)

    def share(self) -> None:
        """Listen to every engine, those that are there and those that will be."""

        @event.listens_for(Engine, "engine_connect")
        def _give(conn: Connection) -> None:
            conn.execution_options(compiled_cache=self)

        compile_anew = ClauseElement._compiler

        def _compiler(statement: ClauseElement, dialect: Dialect, **options: Any) -> Compiled:
            key = _with_values(statement, dialect) if options == _LITERAL else None
            if key is None:
                return compile_anew(statement, dialect, **options)
            compiled: Compiled | None = self.get(key)
            if compiled is None:
                self[key] = compiled = compile_anew(statement, dialect, **options)
            return compiled

        ClauseElement._compiler = _compiler  # type: ignore[assignment, method-assign]

    def get(self, key: tuple[Any, ...], default: object = None) -> Any:  # noqa: ANN401 - as that of a mapping
        return super().get(_of_any_engine(*key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Compiled) -> None:
        super().__setitem__(_of_any_engine(*key), compiled)


def _of_any_engine(dialect: Dialect, *statement: object) -> tuple[object, ...]:
    settings = frozenset((name, value) for name, value in vars(dialect).items() if isinstance(value, _PLAIN))
    return type(dialect), settings, *statement


def _with_values(statement: ClauseElement, dialect: Dialect) -> tuple[object, ...] | None:
    """SQLAlchemy's key leaves the values out; None where it has none."""
    made = statement._generate_cache_key()
    if made is None:
        return None
    values = [repr(bind.effective_value) for bind in made.bindparams]
    return dialect, made.key, "literal", *values, repr(sorted((made.params or {}).items()))
