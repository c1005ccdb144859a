"""Who is enrolled on terminals, whose each PIN is today, and what does not fit between a terminal and its office.

Pure: terminals as they were read, facts as they stand, a day. Whose a PIN is follows the enrolments of that day, as it
does for punches. Does not know why somebody left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from ekinerja_agent.central.collected.pin_owners import Enrolments
from ekinerja_agent.county.spans import holds, is_over, latest
from ekinerja_agent.nouns.messages import Message, both, joined
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.terminals.wire.people import USUAL_PRIVILEGE, Person

if TYPE_CHECKING:
    from ekinerja_agent.central.imported.import_lookups import StoredFacts
    from ekinerja_agent.terminals.people import Staffed

PRIVILEGES = {0: "user", 2: "registrar", 6: "admin", 14: "superadmin"}
Check = Literal["no-person", "left", "admin", "pin-twice", "pin-shared", "no-finger"]
BY_TERMINAL = "terminal"
"""What `employees.attendance` says of who has to scan."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One user of one terminal, and whose the PIN is on that day. `password` tells only whether there is one."""

    terminal: str
    uid: int
    pin: str
    name: str
    privilege: str
    card: int | None
    fingers: int
    password: bool
    nip: str | None
    employee: str | None
    unit: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit. `terminal` and `pin` are empty where none is meant."""

    check: Check
    terminal: str
    pin: str
    nip: str | None
    name: str | None
    what: Message


class Register:
    """The people of the regency on one day: enrolments, spells of duty, units."""

    def __init__(self, facts: StoredFacts, day: date) -> None:
        self.day = day
        self._enrolled = facts.rows("enrolments")
        self._enrolments = Enrolments(self._enrolled, ())
        self._spells: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in facts.rows("employees"):
            self._spells[row["nip"]].append(row)
        self._parents = {row["code"]: row["parent"] for row in facts.rows("units") if holds(row, day)}

    def holder(self, terminal: str, pin: str) -> str | None:
        """Given a terminal and a PIN, return whose it is on the day, or None."""
        return self._enrolments.nip(terminal, pin, self.day, None)

    def former_holder(self, terminal: str, pin: str) -> tuple[str, date] | None:
        """Return whose it was last before the day, and until when, or None."""
        ended = [
            row
            for row in self._enrolled
            if row["pin"] == pin and row["terminal"] in {terminal, EVERY_TERMINAL} and is_over(row, self.day)
        ]
        last = max(ended, key=lambda row: row["valid_to"], default=None)
        return (str(last["nip"]), last["valid_to"]) if last else None

    def duty(self, nip: str) -> Mapping[str, Any] | None:
        """Given a person, return the spell of duty that covers the day, or None."""
        return latest(self._spells.get(nip, ()), self.day)

    def name(self, nip: str) -> str | None:
        """Given a person, return the name, of today or as it was last."""
        spells = self._spells.get(nip)
        return str((self.duty(nip) or spells[-1])["name"]) if spells else None

    def staff(self, office: str, offices: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Given an office and all that have terminals, yield who scans at its terminals on the day: its own people, and
        those of units below whose nearest office with terminals it is.
        """
        with_terminals = set(offices)
        for nip in sorted(self._spells):
            duty = self.duty(nip)
            if duty and duty["attendance"] == BY_TERMINAL and self._nearest(duty["unit"], with_terminals) == office:
                yield duty

    def named_terminals(self, nip: str) -> set[str]:
        """Given a person, return the terminals that the enrolments of the day name; empty if they name every one."""
        named = {row["terminal"] for row in self._enrolled if row["nip"] == nip and holds(row, self.day)}
        return set() if EVERY_TERMINAL in named else named

    def _nearest(self, unit: str, with_terminals: set[str]) -> str | None:
        seen: set[str] = set()
        place: str | None = unit
        while place is not None and place not in with_terminals and place not in seen:
            seen.add(place)
            place = self._parents.get(place)
        return place if place in with_terminals else None


def entries(staffed: Sequence[Staffed], register: Register) -> list[Entry]:
    """Given terminals as they were read, return every user of each, in table order."""
    return [_entry(one.terminal, person, register) for one in staffed for person in one.crew.people]


def findings(staffed: Sequence[Staffed], register: Register) -> list[Finding]:
    """Given terminals, return what is wrong with their users, terminal by terminal, then across them."""
    rolls = entries(staffed, register)
    found = [finding for entry in rolls for finding in _of_entry(entry, register)]
    times: dict[tuple[str, str], int] = defaultdict(int)
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in rolls:
        times[entry.terminal, entry.pin] += 1
        if entry.nip is not None:
            owners[entry.pin].setdefault(entry.nip, entry.terminal)
    for (terminal, pin), count in times.items():
        if count > 1:
            what = Message("stands {count} times on this terminal; delete all but one in its menu", count=count)
            found.append(Finding("pin-twice", terminal, pin, None, None, what))
    for pin, people in owners.items():
        if len(people) > 1:
            owned = joined(
                ", ", (Message("{nip} on {terminal}", nip=nip, terminal=place) for nip, place in people.items())
            )
            what = Message("belongs to {people}; give each person a PIN of their own", people=owned)
            found.append(Finding("pin-shared", "", pin, None, None, what))
    return found


def without_finger(
    office: str, offices: Iterable[str], staffed: Sequence[Staffed], register: Register
) -> Iterator[Finding]:
    """Given an office and all of its terminals, yield who scans there and has no finger on any of them."""
    rolls = entries(staffed, register)
    own: dict[str, list[Entry]] = defaultdict(list)
    for entry in rolls:
        if entry.nip is not None:
            own[entry.nip].append(entry)
    here = {one.terminal for one in staffed}
    for duty in register.staff(office, offices):
        named = register.named_terminals(duty["nip"])
        held = own.get(duty["nip"], [])
        if (named and named.isdisjoint(here)) or any(entry.fingers for entry in held):
            continue
        if not held:
            what = Message("has no PIN on any terminal of {office}; enrol this person", office=office)
        else:
            others = _others(any(entry.card for entry in held), any(entry.password for entry in held))
            what = Message(
                "has no finger on any terminal of {office}, {others}; enrol a finger, or keep a register",
                office=office,
                others=others,
            )
        pin = held[0].pin if held else ""
        yield Finding("no-finger", "", pin, duty["nip"], duty["name"], what)


def _entry(terminal: str, person: Person, register: Register) -> Entry:
    nip = register.holder(terminal, person.pin)
    duty = register.duty(nip) if nip else None
    return Entry(
        terminal=terminal,
        uid=person.uid,
        pin=person.pin,
        name=person.name,
        privilege=PRIVILEGES.get(person.privilege, str(person.privilege)),
        card=person.card or None,
        fingers=len(person.fingers),
        password=bool(person.password),
        nip=nip,
        employee=register.name(nip) if nip else None,
        unit=str(duty["unit"]) if duty else None,
        note=_note(terminal, person, nip, register),
    )


def _note(terminal: str, person: Person, nip: str | None, register: Register) -> Message:
    notes = []
    if nip is None:
        former = register.former_holder(terminal, person.pin)
        notes.append(
            Message("was {nip}'s until {last_day}", nip=former[0], last_day=former[1])
            if former
            else Message("nobody's")
        )
    elif register.duty(nip) is None:
        notes.append(Message("not on duty"))
    if not person.fingers:
        notes.append(Message("no finger, {others}", others=_others(bool(person.card), bool(person.password))))
    if person.privilege != USUAL_PRIVILEGE:
        notes.append(Message("may change the terminal"))
    return joined("; ", notes)


def _of_entry(entry: Entry, register: Register) -> Iterator[Finding]:
    def finding(check: Check, what: Message, nip: str | None = entry.nip) -> Finding:
        name = (register.name(nip) if nip else None) or entry.name or None
        return Finding(check, entry.terminal, entry.pin, nip, name, what)

    former = register.former_holder(entry.terminal, entry.pin) if entry.nip is None else None
    nip = entry.nip or (former[0] if former else None)
    if nip is not None and register.duty(nip) is None:
        yield finding("left", Message("is not on duty and can still scan; delete this user at the terminal"), nip)
    elif entry.nip is None:
        what = (
            Message(
                "was {nip}'s until {last_day}; import the enrolment, or delete this user at the terminal",
                nip=former[0],
                last_day=former[1],
            )
            if former
            else Message("is nobody's; import the enrolment, or delete this user at the terminal")
        )
        yield finding("no-person", what)
    if entry.privilege != PRIVILEGES[USUAL_PRIVILEGE]:
        yield finding(
            "admin",
            Message(
                "is {privilege} and may change the terminal; keep as few of these as needed", privilege=entry.privilege
            ),
        )


def _others(card: bool, password: bool) -> Message:
    ways = [word for word, there in ((Message("card"), card), (Message("password"), password)) if there]
    return Message("only {ways}", ways=both(ways)) if ways else Message("no card, no password")
