"""The process in which pyzk runs: one job on standard input, one line per step done on standard output.

pyzk's traps, and what stands against each: it opens a probing connection and pings through a shell (both replaced); its
scrambling of the comm key overflows for some (ours is put in); it guesses the size of a user's row from a counter (told
here); it keeps only two privileges, no group and no time zone of a user, and drops characters (a row is handed over as
bytes, so it encodes nothing); it prints to standard output (silenced); it may wait for ever (the parent kills this
process, and without a parent it ends).
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import threading
from contextlib import redirect_stdout
from typing import Any

import zk.base
from zk import ZK
from zk.exception import ZKErrorConnection, ZKErrorResponse, ZKNetworkError
from zk.finger import Finger
from zk.user import User

from ekinerja_agent.nouns.messages import Message, as_json, as_message
from ekinerja_agent.terminals.wire import scramble_comm_key

_KIND = b"\x02"


class _Row(User):  # type: ignore[misc]
    """A user whose row is written as it is."""

    def __init__(self, row: bytes) -> None:
        super().__init__(int.from_bytes(row[:2], "little"), "", 0)
        self._row = row

    def repack29(self) -> bytes:
        return _KIND + self._row

    def repack73(self) -> bytes:
        return _KIND + self._row


class _NoProbe:
    """Stands for pyzk's helper: says that the port answers, and opens nothing. One client at a time is the rule."""

    def test_tcp(self) -> int:
        return 0


def main() -> int:
    """Do the job on standard input and return 0; 1 if it could not be done, which the last line tells."""
    job = json.loads(sys.stdin.readline())
    zk.base.make_commkey = scramble_comm_key
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with redirect_stdout(io.StringIO()):
        client = ZK(
            job["host"],
            port=job["port"],
            timeout=job["timeout_s"],
            password=job["comm_key"],
            force_udp=job["udp"],
            ommit_ping=True,
        )
        client.helper = _NoProbe()
        try:
            _work(client, job)
        except ZKErrorResponse as error:
            return _fail("refused", as_message(error))
        except (ZKNetworkError, ZKErrorConnection, OSError) as error:
            return _fail("unavailable", as_message(error))
        except (struct.error, ValueError, TypeError, LookupError) as error:  # what pyzk stumbles over
            return _fail("violation", Message("its answer could not be read ({name})", name=type(error).__name__))
    return 0


def _work(client: ZK, job: dict[str, Any]) -> None:
    client.connect()
    serial = client.get_serialnumber()
    if serial != job["serial"]:
        raise ZKErrorResponse(
            Message(
                "serial {serial} answers where {job_serial} was read; nothing was written",
                serial=serial,
                job_serial=job["serial"],
            )
        )
    _tell({"done": 0})
    for number, step in enumerate(job["steps"], 1):
        try:
            _do(client, step)
        except ZKErrorResponse:
            # Whoever was deleted when the answer got lost cannot be deleted again.
            if not (job["again"] and number == 1 and step["do"] == "delete"):
                raise
        _tell({"done": number})
    if client.is_connect:
        client.disconnect()


def _do(client: ZK, step: dict[str, Any]) -> None:
    if step["do"] == "write":
        row = bytes.fromhex(step["row"])
        client.user_packet_size = len(row)
        user = _Row(row)
        fingers = [Finger(user.uid, number, valid, bytes.fromhex(told)) for number, valid, told in step["fingers"]]
        client.save_user_template(user, fingers)
    elif step["do"] == "delete":
        client.delete_user(uid=step["uid"])
    else:
        client.restart()


def _tell(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


def _fail(kind: str, text: Message) -> int:
    _tell({"error": kind, "message": as_json(text)})
    return 1


def _end_with_parent() -> None:
    """Standard input stays open as long as the parent lives."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
