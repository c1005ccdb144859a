"""A Telegram chat, through a bot. Source: Telegram Bot API, sendMessage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ekinerja_agent.notify.letter import Letter
from ekinerja_agent.notify.post import post

TELEGRAM = "https://api.telegram.org"
LONGEST_TEXT = 4_096


@dataclass(frozen=True, slots=True)
class Telegram:
    """`chat` is a number or @name; `server` the address of the bot API, without the bot's token."""

    server: str
    chat: str
    token: str = field(repr=False)
    ca_file: Path | None = None

    def send(self, letter: Letter, timeout_s: float) -> None:
        """Given a letter, deliver it as plain text, cut to what a message may hold."""
        text = f"{letter.subject}\n\n{letter.text}"
        if len(text) > LONGEST_TEXT:
            text = text[: LONGEST_TEXT - 1] + "…"
        url = f"{self.server.rstrip('/')}/bot{self.token}/sendMessage"
        body = {"chat_id": self.chat, "text": text, "disable_web_page_preview": True}
        post(url, body, {}, what="Telegram", ca_file=self.ca_file, timeout_s=timeout_s)
