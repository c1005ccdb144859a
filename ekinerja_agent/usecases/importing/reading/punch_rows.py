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

_GLG = (b"TMNo\t", b"EnNo\t", b"AttendLog", b"GLog")
"""What the first lines of another maker's logs have."""

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
        return {}, [Problem(file, 0, 0, "", _no_record(content, len(log.undecodable)))]
    return {terminal: log}, []


def _no_record(content: bytes, lines: int) -> Message:
    if any(word in content.replace(b"\0", b"")[:4_000] for word in _GLG):
        return Message(
            "none of {lines} lines is an attendance record: this is the log of another maker's terminal (GLG, AGL, "
            "ALOG: columns No, TMNo or Mchn, EnNo, DateTime); give its columns EnNo and DateTime as pin and clock in a "
            "table: ekinerja-agent import punches FILE",
            lines=lines,
        )
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return Message(
            "none of {lines} lines is an attendance record: this is a workbook, not a terminal's USB file; give it as "
            "a table of terminal, pin, clock: ekinerja-agent import punches FILE",
            lines=lines,
        )
    if lines:
        return Message(
            "none of {lines} lines is an attendance record; allowed: lines of PIN, YYYY-MM-DD HH:MM:SS, device number, "
            "state, verify, work code, separated by tabs",
            lines=lines,
        )
    return Message(
        "the file is empty; allowed: lines of PIN, YYYY-MM-DD HH:MM:SS, device number, state, verify, work code, "
        "separated by tabs"
    )


def attlog_terminal(file: str, given: str | None, serials: Mapping[str, str], inside: str | None = None) -> str:
    """Given a USB file's name, `--terminal`, the terminal of each serial and the serial number that is written inside,
    return the terminal's id.

    Raise WrongUsage if nothing tells it, or if name or serial tell another one than `--terminal`.
    """
    match = _ATTLOG_NAME.fullmatch(file)
    named = _terminal_of(match["serial"], serials) if match else None
    told = _terminal_of(inside, serials) if inside else None
    if named is not None and told is not None and named != told:
        raise WrongUsage(
            Message(
                "{file} has the serial of {named}, but its first line the one of {told}; which one is right?",
                file=file,
                named=named,
                told=told,
            )
        )
    named = named or told
    if inside and given is not None and named is None and _serial_of(given, serials):
        raise WrongUsage(
            Message(
                "the first line of {file} says serial {serial}, but {given} has {known}; which one is right?",
                file=file,
                serial=inside,
                given=given,
                known=_serial_of(given, serials),
            )
        )
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


def _terminal_of(serial: str, serials: Mapping[str, str]) -> str | None:
    """A memory stick does not keep capital letters apart."""
    found = {terminal for known, terminal in serials.items() if known.casefold() == serial.casefold()}
    return found.pop() if len(found) == 1 else None


def _serial_of(terminal: str, serials: Mapping[str, str]) -> str | None:
    return next((serial for serial, known in serials.items() if known == terminal), None)


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
