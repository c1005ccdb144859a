"""Metrics as a file, for hosts without a web server: the textfile collector of Prometheus' node_exporter reads it.

Promises that a reader finds the old text or the new one, never a half.
"""

from __future__ import annotations

from pathlib import Path

from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

READABLE_BY_ALL = 0o644
"""node_exporter runs as another user; nothing in it is secret."""


def write(path: Path, text: str) -> None:
    """Given a file and its text, put it there in one step. Raise TemporarilyUnavailable if the disk refuses."""
    try:
        write_whole(path, text.encode(), mode=READABLE_BY_ALL, lasting=False)
    except OSError as error:
        raise TemporarilyUnavailable(
            Message(
                "metrics.textfile {path} cannot be written ({reason}); its directory must belong to the service",
                path=path,
                reason=error.strerror,
            )
        ) from error
