"""Faults by name, as `simulate --fault NAME` and `NAME=VALUE` know them.

Does not know what any of them does: each family of faults lists its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.faults.script import Fault


@dataclass(frozen=True, slots=True)
class Number:
    """The value that a fault takes: used when none is given, and the lowest and highest that make sense."""

    default: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that can be asked for. In `description` N is the value; `make` is called with it, if there is one."""

    name: str
    description: Message
    make: Callable[..., Fault]
    number: Number | None = None

    @property
    def usage(self) -> str:
        """How it is written, with its default: `wrap=100`."""
        return f"{self.name}={self.number.default}" if self.number else self.name

    def fault(self, value: int | None = None) -> Fault:
        """Given a value (None: the default), return the fault. Raise WrongUsage for a value that cannot be."""
        if self.number is None:
            if value is not None:
                raise WrongUsage(
                    Message(
                        "fault {name} takes no value; found {name}={value}, write {name}", name=self.name, value=value
                    )
                )
            return replace(self.make(), name=self.name, description=self.description)
        value = self.number.default if value is None else value
        if not self.number.lowest <= value <= self.number.highest:
            raise WrongUsage(
                Message(
                    "fault {name}={value}: N may be {lowest} to {highest}: {description}",
                    name=self.name,
                    value=value,
                    lowest=self.number.lowest,
                    highest=self.number.highest,
                    description=self.description,
                )
            )
        return replace(self.make(value), name=f"{self.name}={value}", description=self.description)


def find_fault(kinds: dict[str, Kind], asked: str) -> Fault:
    """Given NAME or NAME=VALUE, return that fault. Raise WrongUsage if there is none, or not with that value."""
    name, separator, value = asked.partition("=")
    kind = kinds.get(name)
    if kind is None:
        raise WrongUsage(
            Message("there is no fault {name}; choose one of {kinds}", name=repr(name), kinds=", ".join(kinds))
        )
    if not separator:
        return kind.fault()
    try:
        return kind.fault(int(value))
    except ValueError as error:
        raise WrongUsage(
            Message(
                "fault {asked}: {value} is no whole number: {description}",
                asked=asked,
                value=repr(value),
                description=kind.description,
            )
        ) from error
