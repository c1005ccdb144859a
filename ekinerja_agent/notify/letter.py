"""What travels, and what every way of sending it can do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. `host` sends it, `made_at` is when it was written, `id` stays the same when it is tried again."""

    id: str
    host: str
    severity: str
    subject: str
    text: str
    made_at: datetime


class Way(Protocol):
    """A place that letters can be sent to."""

    def send(self, letter: Letter, timeout_s: float) -> None:
        """Given a letter, deliver it within that time, whatever the other side does.

        Raise TemporarilyUnavailable if trying again may help, else NeedsAttention.
        """
        ...


def tls(ca_file: Path | None) -> ssl.SSLContext:
    """Given a file of certificates, or None for those of this host, return how to check the other side."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise NeedsAttention(
            Message("ca_file {ca_file} holds no certificates that can be used ({error})", ca_file=ca_file, error=error)
        ) from error
