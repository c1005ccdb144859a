"""Listening to a terminal that tells of punches as they happen.

Promises that no wait in here is long, so that whoever listens can give way, and that the session ends whatever happens.
An event is only a hint: nothing is read on this connection, because a table is read where nothing unasked comes in
between. Does not know who reads the log then, nor when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.terminals.client import Client, open_at
from ekinerja_agent.terminals.interface import TerminalAddress
from ekinerja_agent.terminals.wire import Event, decode_event, tells_of_a_punch

LONGEST_ANSWER_S = 1.5
"""With a farewell of three seconds and half a second between two looks, a listener gives way within five. A terminal
that needs longer for small answers is polled, not listened to.
"""


@contextmanager
def listen(place: TerminalAddress) -> Iterator[Listener]:
    """Given where a terminal is, return a context in which it tells of punches.

    Raise TerminalUnavailable or ProtocolViolation if the connection fails, now or later, and TerminalRefused if the
    terminal does not let us in or cannot tell of punches.
    """
    with open_at(replace(place, reply_timeout_s=min(place.reply_timeout_s, LONGEST_ANSWER_S))) as client:
        client.ask_for_events()
        yield Listener(client)


class Listener:
    """A terminal that tells of punches. `listen` makes it and says good-bye for it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def counted(self) -> int | None:
        """How many records the terminal says it holds: comparable with what it said before, with nothing else."""
        sizes = self._client.sizes()
        return sizes.records if sizes else None

    @property
    def events_dropped(self) -> int:
        """How many events came that were too many to keep."""
        return self._client.events_dropped

    def punches(self, wait_s: float) -> list[Event | None]:
        """Given how long to wait for one, return the punches told of since the last call, in order; none is usual.

        None stands for an event whose body cannot be read: it still tells that there is something in the log. Raise
        TerminalUnavailable if the connection is gone.
        """
        return [_readable(event.data) for event in self._client.events(wait_s) if tells_of_a_punch(event)]


def _readable(body: bytes) -> Event | None:
    try:
        return decode_event(body)
    except ProtocolViolation:
        return None
