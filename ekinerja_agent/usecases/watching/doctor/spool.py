"""Does what was collected reach central?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.watching.doctor.finding import Finding, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host
from ekinerja_agent.usecases.watching.health.conditions import LONGEST_WAIT


def check(host: Host) -> Iterator[Finding]:
    """Yield that there is no spool, that it is damaged, that punches wait for long, and that central refused some."""
    path = host.config.agent.spool_path
    if not path.exists():
        what_to_do = "start the service (systemctl enable --now ekinerja-agent) and read `ekinerja-agent terminal list`"
        yield Finding(str(path), "nothing was collected on this host yet", what_to_do)
        return
    try:
        with Spool(path, read_only=True) as spool:
            spool.check()
            yield from _queue(spool, host)
    except EkinerjaError as error:
        yield finding_of(str(error), str(path))


def _queue(spool: Spool, host: Host) -> Iterator[Finding]:
    counts = spool.counts()
    if counts.oldest_added_at is not None:
        waited = host.now() - counts.oldest_added_at
        if waited > LONGEST_WAIT:
            text = f"{counts.waiting} punches wait for central, the oldest for {_length(waited)}; nothing is lost"
            what_to_do = (
                "see that the service runs and central answers (check `database`); they then leave by themselves"
            )
            yield Finding(str(spool.path), text, what_to_do)
    if counts.rejected:
        (first,) = spool.rejected(1)
        text = f"central refused {counts.rejected} punches, the first because: {first.reason}"
        what_to_do = "mend what `ekinerja-agent spool status` names, then run: ekinerja-agent spool retry"
        yield Finding(str(spool.path), text, what_to_do)


def _length(waited: timedelta) -> str:
    hours, minutes = divmod(int(waited.total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if days else f"{hours} h {minutes} min"
