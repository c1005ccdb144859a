"""Does what was collected reach central?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.watching.doctor.finding import Finding, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host
from ekinerja_agent.usecases.watching.health.conditions import LONGEST_WAIT


def check(host: Host) -> Iterator[Finding]:
    """Yield that there is no spool, that it is damaged, that punches wait for long, and that central refused some."""
    path = host.config.agent.spool_path
    if not path.exists():
        what_to_do = Message(
            "start the service (systemctl enable --now ekinerja-agent) and read `ekinerja-agent terminal list`"
        )
        yield Finding(str(path), Message("nothing was collected on this host yet"), what_to_do)
        return
    try:
        with Spool(path, read_only=True) as spool:
            spool.check()
            yield from _queue(spool, host)
    except EkinerjaError as error:
        yield finding_of(error.message, str(path))


def _queue(spool: Spool, host: Host) -> Iterator[Finding]:
    counts = spool.counts()
    if counts.oldest_added_at is not None:
        waited = host.now() - counts.oldest_added_at
        if waited > LONGEST_WAIT:
            text = Message(
                "{waiting} punches wait for central, the oldest for {time}; nothing is lost",
                waiting=counts.waiting,
                time=_length(waited),
            )
            what_to_do = Message(
                "see that the service runs and central answers (check `database`); they then leave by themselves"
            )
            yield Finding(str(spool.path), text, what_to_do)
    if counts.rejected:
        (first,) = spool.rejected(1)
        text = Message(
            "central refused {rejected} punches, the first because: {reason}",
            rejected=counts.rejected,
            reason=first.reason,
        )
        what_to_do = Message("mend what `ekinerja-agent spool status` names, then run: ekinerja-agent spool retry")
        yield Finding(str(spool.path), text, what_to_do)


def _length(waited: timedelta) -> Message:
    hours, minutes = divmod(int(waited.total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    return (
        Message("{days} days {hours} h", days=days, hours=hours)
        if days
        else Message("{hours} h {minutes} min", hours=hours, minutes=minutes)
    )
