"""Is it proven, for the last month, that central has all that each terminal recorded?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ekinerja_agent.central.collected import set_apart
from ekinerja_agent.central.collected.coverage_gaps import Proof, proofs
from ekinerja_agent.central.collected.terminal_list import terminal_rows
from ekinerja_agent.central.collected.unowned_slots import unowned_message, unowned_slots
from ekinerja_agent.central.imported.doubtful_punches import count_undecided
from ekinerja_agent.central.imported.import_lookups import terminal_zones
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host

LOOKED_BACK = timedelta(days=31)
LONGEST_REST = timedelta(days=3)
"""From Friday afternoon to Monday morning an office may be switched off."""

_WHOSE_SLOTS = Message(
    "days on which such a slot has a record stay pending for people who lack a scan there; once the user of that slot "
    "is whole in the terminal's menu the next full read tells the owner (`terminal poll ID --full`); a scan of "
    "somebody who was deleted there is brought with `correction add`"
)

_WHOSE_DOUBTS = Message(
    "look at `ekinerja-agent punch doubtful list`: was its clock turned, or its log written to? Then `punch doubtful "
    "approve N` or `reject N`; the day of a person whose outcome one of them could change stays pending"
)
_IS_IT_A_PRESENCE = Message(
    "days of these people stay pending where such a record could change them; if that event means that somebody was "
    "there: `punch quarantine --release N --reason TEXT`, if not: `--dismiss N --every --reason TEXT`"
)


def check(host: Host) -> Iterator[Finding]:
    """Yield each terminal in use whose proof has a hole in the last month, or ended days ago, or never began,
    and each that has records of slots that nobody owns, that contradict what was proven, or of which a person has to
    say whether they are punches.

    A collector looks at its own devices.yaml, a centre at every terminal that a collector told of.
    """
    now = host.now()
    known = proofs(host.central, now - LOOKED_BACK)
    in_use = _in_use(host)
    with reading(host.central) as conn:
        zones = terminal_zones(conn)
        # The login of an office server reads no punch.
        since = now.replace(tzinfo=None) - LOOKED_BACK
        unowned = unowned_slots(conn, sorted(in_use), since) if host.scores else {}
        doubtful = count_undecided(conn) if host.scores else {}
        apart = set_apart.waiting_by_terminal(conn, sorted(in_use), since) if host.scores else {}
    for terminal, count in doubtful.items():
        yield Finding(
            terminal,
            Message(
                "{count} records contradict what was proven and count for nobody until two people have decided",
                count=count,
            ),
            _WHOSE_DOUBTS,
        )
    for terminal, slots in unowned.items():
        yield Finding(terminal, unowned_message(slots), _WHOSE_SLOTS)
    for terminal, waiting in apart.items():
        yield Finding(terminal, waiting, _IS_IT_A_PRESENCE)
    for terminal, polled in in_use.items():
        proof = known.get(terminal)
        if proof is not None and proof.holes:
            yield _holes(terminal, proof, zones)
        if polled and (proof is None or now - proof.until > LONGEST_REST):
            yield _ended(terminal, proof, zones)


def _in_use(host: Host) -> dict[str, bool]:
    """The enabled terminals, and whether each is polled; the other ones are brought as files."""
    here = {each.id: each for each in host.config.terminals} if host.collects else {}
    found = {each.id: each.transport != "none" for each in here.values() if each.enabled}
    if host.scores:
        for row in terminal_rows(host.central):
            if row["id"] not in here and row["office"] is not None and row["state"] != "disabled":
                found[row["id"]] = row["last_contact"] is not None
    return found


def _holes(terminal: str, proof: Proof, zones: dict[str, str]) -> Finding:
    first, last = proof.holes[0], proof.holes[-1]
    stretch = Message(
        "from {start} to {end}", start=_local(first[0], terminal, zones), end=_local(first[1], terminal, zones)
    )
    if len(proof.holes) > 1:
        stretch = Message(
            "{times} times, first {stretch}, last until {last}",
            times=len(proof.holes),
            stretch=stretch,
            last=_local(last[1], terminal, zones),
        )
    return Finding(
        terminal,
        Message("not proven to be complete {stretch}: days without punches in it stay pending", stretch=stretch),
        Message(
            "bring its USB file (`import attlog FILE --terminal ID`), or report what happened with `import outages`"
        ),
    )


def _ended(terminal: str, proof: Proof | None, zones: dict[str, str]) -> Finding:
    text = (
        Message("nothing of it is proven to be in central")
        if proof is None
        else Message("nothing since {since} is to be in central", since=_local(proof.until, terminal, zones))
    )
    what_to_do = Message(
        "see that its collector runs, then run there: ekinerja-agent terminal poll {terminal} (out of use: enabled: "
        "false in devices.yaml)",
        terminal=terminal,
    )
    return Finding(terminal, text, what_to_do)


def _local(at: datetime, terminal: str, zones: dict[str, str]) -> str:
    return at.astimezone(ZoneInfo(zones.get(terminal, "UTC"))).strftime("%Y-%m-%d %H:%M")
