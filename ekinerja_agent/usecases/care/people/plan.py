"""What would change on a terminal if certain people were brought to it. Pure: no terminal, no file, no clock.

The PIN is the identity: who is there already keeps the slot. Nobody is deleted and nothing a person has there is taken
away (a finger, a card, a password) unless the terminal shall become like the source. What cannot be both ways is a
conflict, and then nothing at all is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, both, joined
from ekinerja_agent.terminals.admin import Delete, Step, Write
from ekinerja_agent.terminals.people import Staffed
from ekinerja_agent.terminals.wire.people import (
    ENROLLED,
    FINGERS,
    Crew,
    Finger,
    Person,
    decode_person,
    encode_person,
    pin_misfit,
)

Kind = Literal["add", "change", "keep", "conflict", "remove", "extra"]


@dataclass(frozen=True, slots=True)
class Source:
    """Whom to bring: from where (in words), and the version of the algorithm that made the fingerprints."""

    where: str
    algorithm: str | None
    crew: Crew


@dataclass(frozen=True, slots=True)
class Wish:
    """Which PINs (none named: all), whether their fingers too, and whether the target shall become like the source."""

    pins: frozenset[str] = frozenset()
    fingers: bool = True
    replace: bool = False

    def __post_init__(self) -> None:
        if self.replace and (self.pins or not self.fingers):
            raise WrongUsage(
                Message(
                    "--replace makes a terminal like the source and deletes the rest; it cannot be combined with "
                    "--pin or --without-fingers"
                )
            )


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one person. `expected` is how the terminal shall hold them, None if not at all or untouched.

    `deletes` is the slot to empty before anything is written, `fingers` how many templates are written.
    """

    kind: Kind
    uid: int
    pin: str
    name: str
    what: str = ""
    fingers: int = 0
    expected: Person | None = None
    write: Write | None = None
    deletes: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that would happen, person by person."""

    changes: tuple[Change, ...] = field(repr=False)

    def of(self, *kinds: Kind) -> list[Change]:
        return [change for change in self.changes if change.kind in kinds]

    @property
    def steps(self) -> list[Step]:
        """What to do at the terminal, in order: slots are emptied before anybody else gets them."""
        deletes = (Delete(change.deletes) for change in self.changes if change.deletes is not None)
        return [*deletes, *(change.write for change in self.changes if change.write is not None)]

    def differences(self, found: Crew) -> list[str]:
        """Given what the terminal holds afterwards, return the PINs that are not as they should be."""
        held = _by_pin(found)
        wrong = [c.pin for c in self.of("add", "change", "keep") if held.get(c.pin) != [c.expected]]
        expected = {change.pin for change in self.changes if change.expected is not None}
        return wrong + [c.pin for c in self.of("remove") if c.pin in held and c.pin not in expected]


def make_plan(source: Source, target: Staffed, wish: Wish) -> Plan:
    """Given whom to bring and who is there, return what would change.

    Raise Refused if the fingerprints are of another algorithm or there is no room, WrongUsage if a PIN is unknown.
    """
    wanted = _wanted(source, wish)
    if wish.replace and not wanted:
        raise Refused(
            Message(
                "{source} has nobody, and --replace would delete everybody on {terminal}",
                source=source.where,
                terminal=target.terminal,
            )
        )
    size = target.crew.size or source.crew.size
    if size is None:
        return Plan(())
    task = _Task(source, target, wish, size)
    changes = [task.change(person) for person in wanted]
    pins = {person.pin for person in wanted}
    changes += [task.left_over(person) for person in target.crew.people if person.pin not in pins]
    plan = Plan(tuple(changes))
    if any(change.fingers for change in changes):
        _require_same_algorithm(source, target)
    if not plan.of("conflict"):
        _require_room(plan, target)
    return plan


class _Task:
    def __init__(self, source: Source, target: Staffed, wish: Wish, size: int) -> None:
        self._wish = wish
        self._size = size
        self._there = _by_pin(target.crew)
        self._slots = {person.uid: person for person in target.crew.people}
        self._twice = _repeated(source.crew.people) | _repeated(target.crew.people)
        # How the terminal writes names, and into what ours are turned: None leaves them as they stand.
        self._names = target.crew.names or source.crew.names
        self._turned = self._names if source.crew.names not in (None, self._names) else None

    def change(self, person: Person) -> Change:
        conflict = self._conflict(person)
        if conflict is not None:
            return Change("conflict", person.uid, person.pin, person.name, conflict)
        there = self._there.get(person.pin, [None])[0]
        if there == person:
            return Change("keep", person.uid, person.pin, person.name, expected=person)
        base = None if self._wish.replace else there
        row, lost = encode_person(_merged(person, base), self._size, self._turned)
        fingers, left_out = self._fingers(person)
        old = {finger.number: finger for finger in base.fingers} if base else {}
        expected = decode_person(row, self._names, [*(old | {f.number: f for f in fingers}).values()])
        new = [finger for finger in fingers if old.get(finger.number) != finger]
        if there == expected:
            return Change("keep", expected.uid, person.pin, person.name, joined("; ", left_out), expected=expected)
        return Change(
            kind="add" if there is None else "change",
            uid=expected.uid,
            pin=person.pin,
            name=person.name,
            what=joined("; ", [*(_difference(there, expected) if there else ()), *lost, *left_out]),
            fingers=len(new),
            expected=expected,
            write=Write(row, tuple(new)),
            deletes=there.uid if there and self._wish.replace else None,
        )

    def left_over(self, person: Person) -> Change:
        if self._wish.replace:
            return Change("remove", person.uid, person.pin, person.name, deletes=person.uid)
        return Change("extra", person.uid, person.pin, person.name, Message("is only here and stays"))

    def _conflict(self, person: Person) -> Message | None:
        if person.pin in self._twice:
            return Message("the PIN stands twice on one terminal; delete one of both in its menu first")
        misfit = pin_misfit(person.pin, self._size)
        if misfit is not None:
            return Message("{misfit}; enrol this person anew under such a PIN", misfit=misfit)
        return None if self._wish.replace else self._clash(person)

    def _clash(self, person: Person) -> Message | None:
        """What of the terminal would have to go for this person."""
        there = self._there.get(person.pin)
        if there is None:
            holder = self._slots.get(person.uid)
            if holder is None:
                return None
            return Message(
                "slot {uid} belongs to PIN {pin} here; delete that user in the terminal's menu, or let --replace "
                "make this terminal like the source",
                uid=person.uid,
                pin=holder.pin,
            )
        card = there[0].card
        if card and person.card and card != person.card:
            return Message(
                "the card here is {card}, the source has {person_card}; take the wrong card away in the terminal's "
                "menu, or let --replace make this terminal like the source",
                card=card,
                person_card=person.card,
            )
        return None

    def _fingers(self, person: Person) -> tuple[list[Finger], list[Message]]:
        """The fingers that can be written, and what has to be said of the others."""
        if not self._wish.fingers:
            return [], [
                Message("{fingers} fingers are left out", fingers=len(person.fingers))
            ] if person.fingers else []
        good = [f for f in person.fingers if f.number in FINGERS and f.valid == ENROLLED]
        others = [str(f.number) for f in person.fingers if f not in good]
        said = [
            Message("finger {numbers} is no ordinary one and left out: enrol it at the terminal", numbers=both(others))
        ]
        return good, said if others else []


def _wanted(source: Source, wish: Wish) -> list[Person]:
    unknown = wish.pins - {person.pin for person in source.crew.people}
    if unknown:
        raise WrongUsage(
            Message("{source} has no PIN {unknown}", source=source.where, unknown=", ".join(sorted(unknown)))
        )
    return [person for person in source.crew.people if not wish.pins or person.pin in wish.pins]


def _merged(person: Person, there: Person | None) -> Person:
    """Nothing that a person has at the terminal is taken away by what the source lacks."""
    if there is None:
        return person
    return replace(
        person,
        uid=there.uid,
        name=person.name or there.name,
        raw_name=person.raw_name or there.raw_name,
        card=person.card or there.card,
        password=person.password or there.password,
    )


def _difference(there: Person, expected: Person) -> Iterator[Message]:
    """In words that tell no password."""
    if there.uid != expected.uid:
        yield Message("slot {uid} becomes {expected}", uid=there.uid, expected=expected.uid)
    if there.raw_name != expected.raw_name:
        yield Message("the name here is {name}", name=repr(there.name))
    if there.privilege != expected.privilege:
        yield Message(
            "privilege {privilege} becomes {expected}", privilege=there.privilege, expected=expected.privilege
        )
    if there.card != expected.card:
        yield Message(
            "card {card} becomes {expected}",
            card=there.card or Message("none"),
            expected=expected.card or Message("none"),
        )
    if there.password != expected.password:
        yield Message("the password changes")
    if (there.group, there.zones) != (expected.group, expected.zones):
        yield Message("group or time zones change")
    if there.fingers != expected.fingers:
        yield Message("fingers change")


def _require_same_algorithm(source: Source, target: Staffed) -> None:
    if source.algorithm is None or target.algorithm is None or source.algorithm != target.algorithm:
        raise Refused(
            Message(
                "fingerprints of {source} are ZKFinger {source_version}, {terminal} reads ZKFinger {version}: they "
                "would match nobody; bring the users with --without-fingers and enrol the fingers at the terminal",
                source=source.where,
                source_version=source.algorithm or Message("of unknown version"),
                terminal=target.terminal,
                version=target.algorithm or Message("of unknown version"),
            )
        )


def _require_room(plan: Plan, target: Staffed) -> None:
    expected = [change.expected for change in plan.changes if change.expected is not None]
    stays = {person.pin: person for person in target.crew.people}
    extras = [stays[change.pin] for change in plan.of("extra")]
    users, fingers = len(expected) + len(extras), sum(len(person.fingers) for person in [*expected, *extras])
    room = target.sizes
    for what, needed, there in (
        (Message("users"), users, room and room.users_capacity),
        (Message("fingers"), fingers, room and room.fingers_capacity),
    ):
        if there and needed > there:
            raise Refused(
                Message(
                    "{terminal} has room for {room} {what}, {needed} would be needed; choose with --pin",
                    terminal=target.terminal,
                    room=there,
                    what=what,
                    needed=needed,
                )
            )


def _by_pin(crew: Crew) -> dict[str, list[Person]]:
    people: dict[str, list[Person]] = {}
    for person in crew.people:
        people.setdefault(person.pin, []).append(person)
    return people


def _repeated(people: Iterable[Person]) -> set[str]:
    return {pin for pin, times in Counter(person.pin for person in people).items() if times > 1}
