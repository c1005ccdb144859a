"""Kinds `punches` and `attlog`: files of records into decoded records per terminal.

A bad line is kept aside, it stops nothing. The rows of a table and the lines of a terminal's own file become
what a read of the terminal gives, so that the same rules name, date and quarantine them. Does not know zones,
people or what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ekinerja_agent.files.table_file import read_table
from ekinerja_agent.nouns.errors import Problem, WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message, joined
from ekinerja_agent.terminals.attlog_file import NOT_RECORDED, parse_attlog
from ekinerja_agent.terminals.wire import DecodedLog, Record, Undecodable
from ekinerja_agent.usecases.importing.reading.shapes import CLOCK, PIN, TERMINAL, NotAllowed, Shape, number

REQUIRED = ("terminal", "pin", "clock")
OPTIONAL = ("state", "verify")

UNKNOWN_TERMINAL = ""
"""Terminal of a quarantined row whose terminal nobody can tell."""

_RAW_NUMBER = number(0, 0x7FFFFFFF, Message("the terminal's number, digits only"))
_ATTLOG_NAME = re.compile(r"(?P<serial>[A-Za-z0-9]+)_attlog\.dat", re.IGNORECASE)

Logs = Mapping[str, DecodedLog]
"""What a file holds of each terminal's log, by terminal id."""


def read_punch_table(file: str, content: bytes) -> tuple[Logs, list[Problem]]:
    """Given a csv or xlsx file of kind `punches`, return its records by terminal, and its problems.

    Positions are row numbers. A row whose cells cannot be read is an undecodable record of its terminal, or
    of `UNKNOWN_TERMINAL`; problems has only a file that is no table, or none of whose rows is a punch.
    """
    table, problems = read_table(file, content, required=REQUIRED, optional=OPTIONAL)
    records: dict[str, list[Record]] = {}
    undecodable: dict[str, list[Undecodable]] = {}
    for position, cells in zip(table.numbers, table.rows, strict=True):
        raw = ",".join(cells).encode()
        try:
            terminal = _cell("terminal", cells[0], TERMINAL)
        except NotAllowed as error:
            undecodable.setdefault(UNKNOWN_TERMINAL, []).append(Undecodable(position, raw, as_message(error)))
            continue
        try:
            record = _record(position, cells, raw)
        except NotAllowed as error:
            undecodable.setdefault(terminal, []).append(Undecodable(position, raw, as_message(error)))
        else:
            records.setdefault(terminal, []).append(record)
    logs = {
        terminal: DecodedLog(None, tuple(records.get(terminal, ())), tuple(undecodable.get(terminal, ())))
        for terminal in records.keys() | undecodable.keys()
    }
    if not records and not problems:
        problems = [
            Problem(file, bad.position, 0, "", Message("{reason}; no row of the file is a punch", reason=bad.reason))
            for log in logs.values()
            for bad in log.undecodable
        ]
    return logs, problems


def read_attlog(file: str, content: bytes, terminal: str) -> tuple[Logs, list[Problem]]:
    """Given a terminal's USB file, return its records by line number; a file without any is a problem."""
    log = parse_attlog(content)
    if not log.records:
        lines = len(log.undecodable)
        message = (
            Message(
                "none of {lines} lines is an attendance record; allowed: lines of PIN, YYYY-MM-DD HH:MM:SS, verify, "
                "state, work code, separated by tabs",
                lines=lines,
            )
            if lines
            else Message(
                "the file is empty; allowed: lines of PIN, YYYY-MM-DD HH:MM:SS, verify, state, work code, separated "
                "by tabs"
            )
        )
        return {}, [Problem(file, 0, 0, "", message)]
    return {terminal: log}, []


def attlog_terminal(file: str, given: str | None, serials: Mapping[str, str]) -> str:
    """Given a USB file's name, `--terminal` and the terminal of each serial, return the terminal's id.

    Raise WrongUsage if nothing tells it, or if the name tells another one than `--terminal`.
    """
    match = _ATTLOG_NAME.fullmatch(file)
    named = _terminal_of(match["serial"], serials) if match else None
    if given is None:
        if named is None:
            raise WrongUsage(Message("{file} does not tell which terminal it is from; say --terminal ID", file=file))
        return named
    if named is not None and named != given:
        raise WrongUsage(
            Message(
                "{file} has the serial of {named}, but --terminal says {given}; which one is right?",
                file=file,
                named=named,
                given=given,
            )
        )
    try:
        return str(_cell("--terminal", given, TERMINAL))
    except NotAllowed as error:
        raise WrongUsage(as_message(error)) from error


def ends_within_a_line(content: bytes) -> bool:
    """Given a terminal's USB file, return whether its last line has no end: terminals write one behind every line."""
    return not content.rstrip(b"\0").endswith((b"\n", b"\r"))


def _terminal_of(serial: str, serials: Mapping[str, str]) -> str | None:
    """A memory stick does not keep capital letters apart."""
    found = {terminal for known, terminal in serials.items() if known.casefold() == serial.casefold()}
    return found.pop() if len(found) == 1 else None


def _record(position: int, cells: tuple[str, ...], raw: bytes) -> Record:
    _, pin, clock, state, verify = cells
    return Record(
        position,
        _cell("pin", pin, PIN),
        _cell("clock", clock, CLOCK),
        _cell("verify", verify, _RAW_NUMBER) if verify else NOT_RECORDED,
        _cell("state", state, _RAW_NUMBER) if state else NOT_RECORDED,
        0,
        raw,
    )


def _cell(column: str, text: str, shape: Shape) -> Any:
    try:
        return shape.value(text)
    except NotAllowed as error:
        raise NotAllowed(joined(": ", (column, error))) from error
