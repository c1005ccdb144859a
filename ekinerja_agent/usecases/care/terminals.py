"""What an officer does about terminals: see them all in one list, accept a replaced one, take one over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected import owners, set_apart, terminal_list, terminal_logins
from ekinerja_agent.central.collected.unowned_slots import LOOKED_BACK, unowned_message, unowned_slots
from ekinerja_agent.central.store.engine import in_transaction, reading, transaction
from ekinerja_agent.nouns.errors import EkinerjaError, Refused, SerialOfAnother
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.usecases.collecting import collect, one_serial
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.push import HEARD_WITHIN
from ekinerja_agent.usecases.collecting.push_state import (
    ACCESS_MODE,
    ENCRYPTED,
    ENCRYPTED_MODE,
    IN_ACCESS_MODE,
    doubts_of,
    mode_of,
)
from ekinerja_agent.usecases.collecting.terminal_lock import TerminalBusy, turn

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.spool import PushMemory, PushTrust, Spool, UnreadUploads

    Heard = tuple[PushMemory, UnreadUploads, PushTrust]


NEVER_HEARD = Message("never heard of; set this server in its menu (Comm. > Cloud Server)")
SILENT = Message("silent; check its power, its network and the server in its menu")


def overview(config: Config, engine: Engine, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield every terminal of devices.yaml, then every other that central knows, each with its completeness."""
    known = {row["id"]: row for row in terminal_list.terminal_rows(engine)}
    # The login of an office server reads no punch.
    for terminal_id, doubt in _waiting(engine, sorted(known), now) if "score" in config.agent.roles else ():
        state = known[terminal_id]["state"]
        known[terminal_id]["state"] = joined("; ", [*([state] if state else []), doubt])
    elsewhere = _owned_elsewhere(config, engine)
    uploads = _uploads(config)
    for terminal in config.terminals:
        row = known.pop(terminal.id, None) or {"state": Message("never read")}
        state = elsewhere.get(terminal.id, row["state"])
        yield (
            _blank(terminal.id)
            | row
            | {
                "mode": _told_mode(row["state"]),
                "office": terminal.office,
                "address": str(terminal.address) if terminal.address else None,
                "state": state if terminal.enabled else Message("disabled in devices.yaml"),
            }
            | ({} if terminal.id in elsewhere else _heard(config, terminal, row, uploads.get(terminal.id), now))
        )
    for terminal_id, row in known.items():
        yield _blank(terminal_id) | {"mode": _told_mode(row["state"])} | row


def _waiting(engine: Engine, terminals: Sequence[str], now: datetime) -> Iterator[tuple[str, Message]]:
    """What is known of a terminal by its records that wait for a person."""
    since = now.replace(tzinfo=None) - LOOKED_BACK
    with reading(engine) as conn:
        slots, apart = unowned_slots(conn, terminals, since), set_apart.waiting_by_terminal(conn, terminals, since)
    yield from ((terminal, unowned_message(each)) for terminal, each in slots.items())
    yield from apart.items()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What `terminal accept` did: took the terminal over from another agent, bound a pushing one to the other address
    it comes from, or forgot the serial it was known by.
    """

    taken_from: str | None = None
    forgotten_source: str | None = None
    forgotten_serial: str | None = None


def give_login(engine: Engine, terminal: str, login: str, *, account: Account, now: datetime) -> str | None:
    """Given a terminal and the database login of an office, let that login's word count for it from now on, on the
    record; return whose counted before. Raise WrongUsage if no office has such a login.
    """
    return in_transaction(engine, lambda conn: terminal_logins.give(conn, terminal, login, account=account, now=now))


def accept(
    spool: Spool,
    engine: Engine,
    terminal: TerminalConfig,
    *,
    account: Account,
    now: datetime,
    state_dir: Path | None = None,
    listed: Sequence[TerminalConfig] = (),
) -> Accepted:
    """Given a terminal, make this agent its owner if another one is; otherwise forget its pinned serial. On the record.

    One thing at a time: who takes a terminal over from another agent still finds the serial that is pinned here. With
    `state_dir` the terminal is asked first; raise Refused if it answers with the serial of another id of `listed`.
    """
    agent, told = spool.agent, spool.owned_elsewhere().get(terminal.id)
    owner = owners.owners(engine, [terminal.id]).get(terminal.id, agent)
    if owner != agent or told is not None:  # told: the command was cut off between central and the spool
        before = owners.take_over(engine, agent, terminal.id, account=account, now=now)
        spool.forget_push(terminal.id)
        spool.learn_owners({terminal.id: agent})
        return Accepted(taken_from=told or owner if before in (None, agent) else before)
    if terminal.push and (moved := spool.push_trust(terminal.id, terminal.serial or "")).other_source is not None:
        bound = replace(moved, source=moved.other_source, other_source=None, other_at=None)
        with transaction(engine) as conn:
            details = {"from": moved.source, "to": bound.source}
            audit.append(conn, account.name, "terminal.accept_source", terminal.id, details, now)
        spool.add((), trust=bound)
        return Accepted(forgotten_source=moved.source or "")
    if state_dir is not None:
        _require_own(spool, terminal, state_dir, listed)
    old = collect.accept(spool, terminal)
    with transaction(engine) as conn:
        audit.append(conn, account.name, "terminal.accept", terminal.id, {"forgotten_serial": old}, now)
    return Accepted(forgotten_serial=old)


def _require_own(spool: Spool, terminal: TerminalConfig, state_dir: Path, listed: Sequence[TerminalConfig]) -> None:
    """Raise Refused if the terminal answers with the serial of another id. Who does not answer is seen at its read."""
    if not terminal.enabled or terminal.transport == "none":
        return
    try:
        with turn(terminal.id, state_dir):
            serial = one_serial.serial_at(place_of(terminal, one_serial.QUICK_S))
    except TerminalBusy:
        raise
    except EkinerjaError:
        return
    other = one_serial.whose(spool, terminal.id, listed)(serial) if serial else None
    if serial is None or other is None:
        return
    memory = spool.state(terminal.id)
    own, _ = expected_serial(terminal, memory.serial if memory else None)
    error = one_serial.explained(SerialOfAnother(terminal.id, serial, other), own, listed, state_dir)
    raise Refused(error.message) from error


def _uploads(config: Config) -> dict[str, Heard]:
    """What this host remembers of the terminals that push to it."""
    if not config.pushing or not config.agent.spool_path.exists():
        return {}
    with collect.open_spool(config.agent.spool_path) as spool:
        return {
            terminal.id: (
                memory,
                spool.unread_uploads(terminal.id),
                spool.push_trust(terminal.id, terminal.serial or ""),
            )
            for terminal in config.pushing
            if (memory := spool.push_state(terminal.id)) is not None
        }


def _heard(
    config: Config, terminal: TerminalConfig, row: dict[str, Any], uploads: Heard | None, now: datetime
) -> dict[str, Any]:
    """What uploads add to a terminal's row. The status in central of one that is read as well is that of the reads."""
    if terminal not in config.pushing:
        return {}
    heard_at = uploads[0].contact_at if uploads is not None and uploads[0].serial == terminal.serial else None
    told: dict[str, Any] = {"mode": mode_of(uploads[0], uploads[2])} if uploads is not None and heard_at else {}
    last = row.get("last_contact")
    if heard_at is not None and (last is None or heard_at > last):
        told["last_contact"] = heard_at
    if terminal in config.only_heard:
        if heard_at is None:
            told["state"] = NEVER_HEARD
        elif now - heard_at > HEARD_WITHIN:
            told["state"] = SILENT
    elif uploads is not None and heard_at is not None and (doubts := doubts_of(*uploads, now)):
        told["state"] = Message("{state}; uploads: {doubts}", state=row["state"], doubts=joined("; ", doubts))
    return told


def _told_mode(state: str | None) -> Message | None:
    """The mode of a terminal that pushes to another host, as that one told central."""
    if state is not None and ENCRYPTED in state:
        return ENCRYPTED_MODE
    return ACCESS_MODE if state is not None and IN_ACCESS_MODE in state else None


def _owned_elsewhere(config: Config, engine: Engine) -> dict[str, Message]:
    """What to say of terminals that this host would read if another agent did not, or would take the uploads of if
    another id had not their serial; nothing where it reads none.
    """
    if not config.fills_a_spool or not config.agent.spool_path.exists():
        return {}
    with collect.open_spool(config.agent.spool_path) as spool:
        agent, pinned = spool.agent, spool.pinned()
    twice = {each.id: one_serial.counts_twice(each, pinned, config.terminals) for each in config.pushing}
    told = owners.owners(engine, [terminal.id for terminal in config.terminals])
    return {terminal: why for terminal, why in twice.items() if why is not None} | {
        terminal: Message(
            "read by the agent {owner}; `terminal accept {terminal}` takes it over", owner=owner, terminal=terminal
        )
        for terminal, owner in told.items()
        if owner != agent
    }


def _blank(terminal_id: str) -> dict[str, Any]:
    return {"id": terminal_id} | dict.fromkeys(
        (
            "office",
            "address",
            "mode",
            "serial",
            "firmware",
            "records",
            "capacity",
            "users",
            "clock_offset_s",
            "last_contact",
            "complete_until",
            "proven_since",
            "proven_until",
            "older_holes",
        )
    )
