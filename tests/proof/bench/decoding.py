"""Decoding 100,000 records, ours against pyzk's own loop on the same bytes, and whether ours is linear.

pyzk is given a terminal that answers from memory, so neither side waits for a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from zk import ZK
from zk.user import User

from ekinerja_agent.simulator import Layout, Record
from ekinerja_agent.simulator.codec import pack_clock
from ekinerja_agent.simulator.rows import encode_table, record_encoder
from ekinerja_agent.terminals.wire import decode_log
from tests.proof.bench.findings import Finding, best_of, timed

RECORDS = 100_000
PEOPLE = 3_000
FIRST_CLOCK = datetime(2026, 1, 1, 7, 0)


def measure() -> Iterator[Finding]:
    """Yield the findings."""
    layouts: tuple[Layout, ...] = (40, 16)
    for layout in layouts:
        raw = made_log(layout, RECORDS)
        ours_s, pyzk_s = _ours_s(raw, layout), _pyzk_s(raw)
        users = f", {PEOPLE:,} users" if layout == 16 else ""
        yield Finding(
            f"decode {RECORDS:,} records of {layout} bytes{users}",
            f"{ours_s:.2f} s",
            f"pyzk {pyzk_s:.1f} s",
            f"{pyzk_s / ours_s:.0f}x faster",
            ">= 50x",
            pyzk_s / ours_s >= 50,
        )
        tenth_s = _ours_s(made_log(layout, RECORDS // 10), layout)
        yield Finding(
            f"decode ten times as many records of {layout} bytes",
            f"{ours_s * 1000:.0f} ms",
            f"{tenth_s * 1000:.1f} ms for a tenth",
            f"{ours_s / tenth_s:.1f}x the time",
            "about 10x",
            ours_s / tenth_s < 15,
        )


def made_log(layout: Layout, records: int) -> bytes:
    """Given a layout and a number, return the table of a log of so many records, one every ten seconds."""
    encode = record_encoder(layout)
    rows = (
        encode(Record(number % PEOPLE + 1, str(1000 + number % PEOPLE), pack_clock(_clock(number))))
        for number in range(records)
    )
    return encode_table(b"".join(rows))


def _ours_s(raw: bytes, layout: Layout) -> float:
    return best_of(3, lambda: timed(lambda: decode_log(raw, layout))[0])


def _pyzk_s(raw: bytes) -> float:
    taken_s, decoded = timed(_Answering(raw).get_attendance)
    if len(decoded) != RECORDS:
        raise AssertionError(f"pyzk decoded {len(decoded)} of {RECORDS} records, so it is no peer")
    return taken_s


def _clock(number: int) -> datetime:
    return FIRST_CLOCK + timedelta(seconds=10 * number)


class _Answering(ZK):  # type: ignore[misc]
    """pyzk with its reads of the network replaced by bytes that are already here."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("127.0.0.1", ommit_ping=True)
        self._raw = raw

    def read_sizes(self) -> None:
        self.records = RECORDS

    def get_users(self) -> list[Any]:
        return [User(n + 1, "", 0, user_id=str(1000 + n)) for n in range(PEOPLE)]

    def read_with_buffer(self, *_: Any) -> tuple[bytes, int]:
        return self._raw, len(self._raw)
