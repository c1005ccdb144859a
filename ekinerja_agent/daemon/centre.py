"""The central database as the service meets it: connected when first asked for, away for a while, back again.

Promises that its going and coming is told once. Does not know what is written there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.host import clock
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.care import clocks
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.witnessing import notes
from ekinerja_agent.usecases.witnessing.witnesses import JOURNAL_EVENT

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ekinerja_agent.config.settings import CentralConfig
    from ekinerja_agent.spool import Spool
    from ekinerja_agent.usecases.watching.health.journal import Journal

log = logger()

ASK_EVERY_S = 600.0
"""How often central is asked whether it agrees with this host's clock."""


class Centre:
    """One for the life of the service. `address` tells the database of the configuration in force."""

    def __init__(self, address: Callable[[], CentralConfig], journal: Journal) -> None:
        self.vouches = False
        """Whether central agrees with this host's clock."""
        self._address = address
        self._journal = journal
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._away = False
        self._ask_at = 0.0
        self._older_copy = False

    def engine(self) -> Engine:
        """Return the database, once its tables are found to be those of this program. Raise if they are not."""
        with self._lock:
            if self._engine is None:
                central = self._address()
                engine = connect(central.address, central.password())
                require_current(engine)
                self._engine = engine
            return self._engine

    def close(self) -> None:
        """Let the connections go; the next who asks gets new ones."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def clock_is_trusted(self) -> bool:
        """Whether this host's clock can vouch for a terminal's: by the kernel's word, else by central's agreement."""
        return clock.is_synchronised() or self.vouches

    def forward(self, spool: Spool, *, stop: Callable[[], bool]) -> None:
        """Bring what the spool holds to central, batch by batch until `stop`. Raise what no later try can mend."""
        try:
            moved = forward(spool, self.engine(), stop=stop)
            self._ask_for_the_time()
        except EkinerjaError as error:
            if not error.retryable:
                raise
            self.vouches = False
            self._journal.central(reachable=False)
            if not self._away:
                self._away = True
                log.warning("central.away", error=str(error))
            return
        if moved.delivered:
            self._journal.central(reachable=True, delivered=True)
        if self._away:
            self._away = False
            log.info("central.back", delivered=moved.delivered)
        if moved.older_copy and not self._older_copy:
            log.error("audit.older_copy", see="ekinerja-agent audit verify")
        self._older_copy = moved.older_copy
        if moved.rejected:
            log.error("forward.rejected", punches=moved.rejected, see="ekinerja-agent spool status")

    def note_head(self, state_dir: Path) -> None:
        """Note the end of the audit log in the witness of this host and in the service's log."""
        engine = self.engine()
        log.info(JOURNAL_EVENT, end=str(audit.head(engine)))
        failed = notes.note(state_dir, engine, "daily", now=utc_now())
        if failed is not None:
            log.error("audit.not_noted", error=str(failed))

    def _ask_for_the_time(self) -> None:
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + ASK_EVERY_S
            self.vouches = clocks.host_vouches(self.engine(), utc_now(), synchronised=False)
