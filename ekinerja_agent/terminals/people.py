"""Reads everybody whom a terminal knows, by the same checked way as its log: every packet's checksum, index and length.

pyzk checks none of these and returns a table cut short without an error, so it only writes (`admin`). What is read here
is never on disk. Does not know whose a PIN is.
"""

from __future__ import annotations

from dataclasses import dataclass

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.client import Client
from ekinerja_agent.terminals.reading import checked_serial
from ekinerja_agent.terminals.wire import FreeSizes
from ekinerja_agent.terminals.wire.people import Crew, decode_crew


@dataclass(frozen=True, slots=True)
class Staffed:
    """A terminal's people as one read found them. `algorithm` is the version of its fingerprint templates, None if it
    does not tell.
    """

    terminal: str
    serial: str
    firmware: str
    algorithm: str | None
    sizes: FreeSizes | None
    crew: Crew


def read_people(client: Client, terminal: str, expected: str | None, expected_by: str) -> Staffed:
    """Given a client that was let in and the serial to expect (None: any), return everybody with all fingerprints.

    Raise TerminalRefused if another terminal answers, ProtocolViolation if a table cannot be what it says.
    """
    serial = checked_serial(client, terminal, expected, expected_by)
    firmware, algorithm, sizes = client.firmware(), client.option("~ZKFPVersion"), client.sizes()
    users = client.read_users(sizes.users if sizes else None)
    templates = client.read_templates(sizes.fingers if sizes else None)
    try:
        crew = decode_crew(users, templates)
    except ProtocolViolation as error:
        raise ProtocolViolation(
            Message("{terminal}: {error}; nothing was changed, try again", terminal=terminal, error=error)
        ) from error
    return Staffed(terminal, serial, firmware or "", algorithm or None, sizes, crew)
