"""Reads the people of a terminal in its turn, and only of the terminal that was known before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.terminals.people import Staffed, read_people
from ekinerja_agent.terminals.reading import checked_serial
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.usecases.care.verify import Desk


def read_terminal(terminal: TerminalConfig, desk: Desk) -> Staffed:
    """Given a terminal, return everybody it knows. Raise TerminalBusy, or what the terminal raises."""
    with turn(terminal.id, desk.state_dir):
        return read_in_turn(terminal, desk)


def read_in_turn(terminal: TerminalConfig, desk: Desk) -> Staffed:
    """As `read_terminal`, for who has the turn already."""
    with open_at(place_of(terminal, desk.reply_timeout_s)) as client:
        return read_people(client, terminal.id, *_expected(terminal, desk))


def serial_in_turn(terminal: TerminalConfig, desk: Desk) -> str:
    """Given a terminal whose turn the caller has, return its serial. Raise TerminalRefused if it is another one's."""
    with open_at(place_of(terminal, desk.reply_timeout_s)) as client:
        return checked_serial(client, terminal.id, *_expected(terminal, desk))


def _expected(terminal: TerminalConfig, desk: Desk) -> tuple[str | None, str]:
    """The serial that has to answer (None: any), and who says so."""
    memory = desk.spool.state(terminal.id)
    return expected_serial(terminal, memory.serial if memory else None)
