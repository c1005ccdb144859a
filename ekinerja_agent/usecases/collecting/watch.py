"""Keeps an ear at a terminal in live mode, and has it read as soon as somebody punched.

Promises that a punch that is told of is read within a second where the terminal can do that, and that listening never
stands in the way: it gives way to whoever asks for the terminal, within five seconds. Polls go on beside it, so a lost
event or a lost connection costs time, never a punch. Does not know how a terminal is read, nor what came of it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.terminals import TerminalAddress
from ekinerja_agent.terminals.live import Listener, listen
from ekinerja_agent.usecases.collecting.terminal_lock import TerminalBusy, spare_turn

log = logger()

NEVER_S = float("inf")
LOOK_UP_S = 0.5
"""How often a listener looks whether somebody else wants the terminal."""
SETTLE_S = 0.2
"""People scan one after the other, and some firmware tells of a record before it has written it."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
"""Pauses after trouble double between these two; the polls beside have their own."""


class Watch:
    """One terminal that is listened to.

    `read` reads the terminal and tells whether that went well; it takes the terminal's turn itself. `over` ends the
    watch, and so does `mine` when it tells that another agent reads the terminal now.
    """

    def __init__(
        self,
        place: TerminalAddress,
        *,
        state_dir: Path,
        read: Callable[[], bool],
        over: threading.Event,
        mine: Callable[[], bool] = lambda: True,
    ) -> None:
        self._place = place
        self._state_dir = state_dir
        self._read = read
        self._over = over
        self._mine = mine
        self._live = False
        self._behind = True
        self._counted: int | None = None
        self._rests_until_s = 0.0
        self._troubles = 0

    def run(self) -> None:
        """Listen, and read after what was heard, until the watch is over. Terminals that fail are tried again."""
        while not self._ended():
            try:
                if self._something_to_read() and not self._ended():
                    self._read_now()
            except TerminalBusy:
                self._over.wait(LOOK_UP_S)
            except EkinerjaError as error:
                self._behind = True
                if self._live or not self._troubles:
                    log.warning("terminal.not_live", terminal=self._place.terminal, error=str(error))
                self._live = False
                self._pause()

    def _something_to_read(self) -> bool:
        """Listen until there is a reason to read (True), or somebody else wants the terminal (False).

        While nobody listened, punches were told to nobody: the count of records shows them. Where nothing was told of,
        the count is that of the beginning: whoever wants the terminal need not read it, and a punch at the moment of
        leaving must show when we are back.
        """
        with spare_turn(self._place.terminal, self._state_dir) as wanted, listen(self._place) as listener:
            counted = listener.counted()
            missed = self._behind or counted != self._counted
            if not self._live:
                self._live = True
                log.info("terminal.live", terminal=self._place.terminal)
            self._behind = self._hear(listener, wanted, self._rests_until_s if missed else NEVER_S)
            self._counted = listener.counted() if self._behind else counted
            if listener.events_dropped:
                log.warning("terminal.too_many_events", terminal=self._place.terminal, dropped=listener.events_dropped)
            if not missed:
                self._troubles = 0
            return self._behind

    def _hear(self, listener: Listener, wanted: Callable[[], bool], read_at_s: float) -> bool:
        """Listen until `read_at_s` (monotonic), or shortly after the first punch that is told of, or until somebody
        wants the terminal; return whether there is something to read.
        """
        while not self._ended() and not wanted() and (now_s := time.monotonic()) < read_at_s:
            for event in listener.punches(min(LOOK_UP_S, read_at_s - now_s)):
                log.debug("terminal.event", terminal=self._place.terminal, clock=event and event.clock)
                read_at_s = min(read_at_s, max(time.monotonic() + SETTLE_S, self._rests_until_s))
        return read_at_s < NEVER_S

    def _ended(self) -> bool:
        return self._over.is_set() or not self._mine()

    def _read_now(self) -> None:
        """Read; then the terminal has as much time for fingers as the read took, however many events come."""
        began_s = time.monotonic()
        went_well = self._read()
        ended_s = time.monotonic()
        self._rests_until_s = ended_s + (ended_s - began_s)
        if went_well:
            self._behind = False
        else:
            self._pause()

    def _pause(self) -> None:
        longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self._troubles)
        self._troubles = min(self._troubles + 1, 30)
        self._over.wait(longest_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret: terminals shall not march in step
