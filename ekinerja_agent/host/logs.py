"""Log lines: fixed words with fields, for people on a terminal or as JSON under systemd. Never names, never keys.

Promises that no NIP gets out: whatever eighteen digits a message or a traceback brings along are struck out. A name or
a PIN cannot be told from other words; that none is logged is up to who logs.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

from ekinerja_agent.host.memory import as_if_missing

# structlog loads Rich where it finds it, for tracebacks that show local variables. Among those are keys and names, and
# Rich is 5 MB that an office server would carry for ever.
with as_if_missing("rich"):
    import structlog

STRUCK_OUT = "(struck out)"
_NIP = re.compile(r"(?<!\d)\d{18}(?!\d)")
_DATABASE_DETAIL = re.compile(r"(Key|Failing row contains) \([^\n]*\)")
"""PostgreSQL tells the values of a row that it refuses."""

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(log_format: str, level: str) -> None:
    """Given `console` or `json` and a level name, send every log line to standard error in that form."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_persons,
    ]
    if log_format == "json":
        processors.append(structlog.processors.JSONRenderer())
    else:
        processors.append(
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        )
    _hear_libraries()
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


MOST_ALIKE = 10
ALIKE_WITHIN_S = 3_600.0
MOST_KINDS = 1_000


class _Libraries(logging.Handler):
    """Lets the warnings and errors of libraries out by the same door, with the same things struck out.

    Some of them somebody on the network can provoke without end. So of those that are alike ten are told in an hour;
    the next one that is told says how many were not.
    """

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._alike: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.name, str(record.msg))
        began_s, count = self._alike.get(kind, (record.created, 0))
        untold = 0
        if not 0 <= record.created - began_s < ALIKE_WITHIN_S:
            began_s, count, untold = record.created, 0, max(count - MOST_ALIKE, 0)
        if len(self._alike) >= MOST_KINDS:  # whoever writes texts of his own into them gets no memory for it
            self._alike.clear()
        self._alike[kind] = (began_s, count + 1)
        if count >= MOST_ALIKE:
            return
        severity = "error" if record.levelno >= logging.ERROR else "warning"
        say = getattr(logger(), severity)
        more = {"untold": untold} if untold else {}
        say(f"library.{severity}", library=record.name, said=record.getMessage(), exc_info=record.exc_info, **more)


def _hear_libraries() -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _Libraries) for handler in root.handlers):
        root.addHandler(_Libraries(logging.WARNING))


def _without_persons(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Strike out of each field what only a person has."""
    return {name: _struck(field) for name, field in event.items()}


def _struck(field: Any) -> Any:
    if isinstance(field, str):
        return _DATABASE_DETAIL.sub(rf"\1 {STRUCK_OUT}", _NIP.sub(STRUCK_OUT, field))
    if isinstance(field, list | tuple):
        return [_struck(each) for each in field]
    if isinstance(field, dict):
        return {name: _struck(each) for name, each in field.items()}
    return field


def logger() -> Any:
    """Return a logger, `info(event, **fields)` and the other levels; `configure` may be called after this."""
    return structlog.get_logger()
