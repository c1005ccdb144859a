"""Brings people to a terminal: what was planned and shown, nothing else, read back before it counts.

Interrupted at any step, the terminal holds some of the people as planned and the others as before; the same command
again does the rest. The audit log has a row before the first write and one after the read-back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.admin import Restart, Step, carry_out
from ekinerja_agent.usecases.care.people.plan import Plan, Source, Wish, make_plan
from ekinerja_agent.usecases.care.people.reading import read_in_turn, read_terminal, serial_in_turn
from ekinerja_agent.usecases.collecting.places import place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.usecases.care.verify import Desk


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Under which name and with which details the audit log keeps it: "terminal.restore", "terminal.copy"."""

    action: str
    details: Mapping[str, Any]


def propose(terminal: TerminalConfig, source: Source, desk: Desk, wish: Wish) -> Plan:
    """Given a terminal and whom to bring, return what would change. Nothing is written; raise as `make_plan`."""
    return make_plan(source, read_terminal(terminal, desk), wish)


def bring(
    terminal: TerminalConfig,
    source: Source,
    desk: Desk,
    wish: Wish,
    *,
    shown: Plan,
    account: Account,
    entry: AuditEntry,
) -> None:
    """Given the plan that a person saw, let it happen.

    Punches are brought home first, so that each is kept with the owner its slot had. Raise Refused, with nothing
    written, if there are conflicts or the terminal changed since; NeedsAttention if it does not hold what was written.
    """
    require(account, Deed.TEND_TERMINALS)
    if shown.of("conflict"):
        count = len(shown.of("conflict"))
        raise Refused(
            Message(
                "nothing was written to {terminal}: {count} conflicts stand in the way, each says what to do",
                terminal=terminal.id,
                count=count,
            )
        )
    if not shown.steps:
        return
    desk.bring_home(terminal)
    with turn(terminal.id, desk.state_dir):
        target = read_in_turn(terminal, desk)
        plan = make_plan(source, target, wish)
        if plan != shown:
            raise Refused(
                Message(
                    "the people on {terminal} changed meanwhile and nothing was written; run the command again",
                    terminal=terminal.id,
                )
            )
        counts = {kind: len(plan.of(kind)) for kind in ("add", "change", "keep", "remove")}
        details = {**entry.details, **counts, "fingers": sum(change.fingers for change in plan.changes)}
        _record(desk, account, entry.action, terminal, details)
        place, steps = place_of(terminal, desk.reply_timeout_s), plan.steps
        if target.crew.size is None:
            # A terminal without anybody does not tell how long its rows are: one is written alone, and read back.
            carry_out(place, target.serial, steps[:1])
            _require_first(terminal, desk, plan, steps[0])
            steps = steps[1:]
        if steps:
            carry_out(place, target.serial, steps)
        wrong = plan.differences(read_in_turn(terminal, desk).crew)
    if wrong:
        raise NeedsAttention(
            Message(
                "{terminal} answered that all was written, but does not hold PIN {pins} as it should ({count} in "
                "all); look at it, and run the command again",
                terminal=terminal.id,
                pins=", ".join(wrong[:10]),
                count=len(wrong),
            )
        )
    _record(desk, account, f"{entry.action}.done", terminal, details)


def restart(terminal: TerminalConfig, desk: Desk, *, account: Account) -> None:
    """Given a terminal, let it start again. Raise what it raises."""
    require(account, Deed.TEND_TERMINALS)
    with turn(terminal.id, desk.state_dir):
        serial = serial_in_turn(terminal, desk)
        _record(desk, account, "terminal.restart", terminal, {})
        carry_out(place_of(terminal, desk.reply_timeout_s), serial, [Restart()])


def _require_first(terminal: TerminalConfig, desk: Desk, plan: Plan, first: Step) -> None:
    wrong = set(plan.differences(read_in_turn(terminal, desk).crew))
    (pin,) = (change.pin for change in plan.changes if change.write is first)
    if pin in wrong:
        raise NeedsAttention(
            Message(
                "{terminal} had nobody, so its kind of row was taken from the source, and it does not hold PIN "
                "{pin} as it was written; delete that user in its menu, enrol one person there, and run the command "
                "again",
                terminal=terminal.id,
                pin=pin,
            )
        )


def _record(desk: Desk, account: Account, action: str, terminal: TerminalConfig, details: Mapping[str, Any]) -> None:
    with transaction(desk.engine) as conn:
        audit.append(conn, account.name, action, terminal.id, details, desk.now())
