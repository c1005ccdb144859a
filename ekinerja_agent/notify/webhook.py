"""A webhook: JSON by POST, with a bearer token where there is one. Fields: docs/monitoring.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ekinerja_agent.notify.letter import Letter
from ekinerja_agent.notify.post import post
from ekinerja_agent.nouns.messages import Message


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` is where to POST."""

    url: str
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def send(self, letter: Letter, timeout_s: float) -> None:
        """Given a letter, deliver it: any answer of 200 to 299 takes it."""
        body = {
            "id": letter.id,
            "host": letter.host,
            "severity": letter.severity,
            "subject": letter.subject,
            "text": letter.text,
            "made_at": letter.made_at.isoformat(),
        }
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        post(self.url, body, headers, what=Message("the webhook"), ca_file=self.ca_file, timeout_s=timeout_s)
