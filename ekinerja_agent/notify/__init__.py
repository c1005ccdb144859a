"""Takes one message to one place: a webhook, a mailbox, a Telegram chat.

Promises that a message is either taken by the other side or an error is raised, within the given time, and that no
error holds a secret or an address. Standard library alone. Does not know what is worth telling, nor when to try again.
"""

from __future__ import annotations

from ekinerja_agent.notify.letter import Letter, Way
from ekinerja_agent.notify.mail import Mail
from ekinerja_agent.notify.telegram import TELEGRAM, Telegram
from ekinerja_agent.notify.webhook import Webhook

__all__ = ["TELEGRAM", "Letter", "Mail", "Telegram", "Way", "Webhook"]
