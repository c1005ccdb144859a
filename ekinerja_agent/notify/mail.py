"""A mailbox, through a mail server (SMTP, STARTTLS)."""

from __future__ import annotations

import smtplib
import socket
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from ekinerja_agent.notify.deadline import cut_after
from ekinerja_agent.notify.letter import Letter, tls
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

_FOR_GOOD = 500
"""Replies from 500 on will be the same the next time (RFC 5321, 4.2.1)."""


class _Connection(smtplib.SMTP):
    """Known from its beginning: `SMTP` is made when the server has greeted, which may be never."""

    sock: socket.socket | None = None

    def __init__(self, began: list[_Connection], server: str, port: int, timeout_s: float) -> None:
        began.append(self)
        super().__init__(server, port, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Mail:
    """`user` and `password` log in; without `starttls` everything travels in clear."""

    server: str
    port: int
    sender: str
    to: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True
    ca_file: Path | None = None

    def send(self, letter: Letter, timeout_s: float) -> None:
        """Given a letter, hand it to the mail server."""
        try:
            began: list[_Connection] = []
            with (
                cut_after(timeout_s, lambda: began[0].sock if began else None),
                _Connection(began, self.server, self.port, timeout_s) as connection,
            ):
                if self.starttls:
                    connection.starttls(context=tls(self.ca_file))
                if self.user is not None and self.password is not None:
                    connection.login(self.user, self.password)
                connection.send_message(self._mail(letter))
        except smtplib.SMTPAuthenticationError:
            raise NeedsAttention(
                Message("the mail server refused the login; see user and secret_file in agent.yaml")
            ) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise _refused(max(codes, default=_FOR_GOOD)) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise NeedsAttention(Message("the mail server offers no STARTTLS or no login; see agent.yaml")) from None
        except UnicodeError:  # its text would show the password
            raise NeedsAttention(
                Message("the mail server: its user or password has letters that cannot be sent; see agent.yaml")
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
            raise TemporarilyUnavailable(Message("the mail server does not answer ({reason})", reason=reason)) from None

    def _mail(self, letter: Letter) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = " ".join(letter.subject.split())
        mail["From"], mail["To"] = self.sender, self.to
        mail["Date"] = format_datetime(letter.made_at)
        mail["Message-ID"] = f"<{letter.id}@{letter.host}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        mail.set_content(letter.text)
        return mail


def _refused(code: int) -> TemporarilyUnavailable | NeedsAttention:
    if code >= _FOR_GOOD:
        return NeedsAttention(
            Message(
                "the mail server refused the message with code {code}; see sender, to and server in agent.yaml",
                code=code,
            )
        )
    return TemporarilyUnavailable(Message("the mail server refused the message with code {code}", code=code))
