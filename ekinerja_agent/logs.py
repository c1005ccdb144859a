"""Log lines: fixed words with fields, for people on a terminal or as JSON under systemd. Never names, never keys."""

from __future__ import annotations

import logging
import sys
from typing import Any

from ekinerja_agent.footprint import as_if_missing

# structlog loads Rich where it finds it, for tracebacks that show local variables. Among those are keys and names, and
# Rich is 5 MB that an office server would carry for ever.
with as_if_missing("rich"):
    import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(log_format: str, level: str) -> None:
    """Given `console` or `json` and a level name, send every log line to standard error in that form."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format == "json":
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        processors.append(
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger() -> Any:
    """Return a logger, `info(event, **fields)` and the other levels; `configure` may be called after this."""
    return structlog.get_logger()
