"""Plausible people and punches for a simulated terminal: the same every time for the same request.

Users have the PINs 1001, 1002, …; each punches four times a workday, a few minutes around the hours below.
Does not know rules: nobody is scored from this.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import pack_clock
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.rows import Record

FIRST_PIN = 1001
_FIRST_DAY = date(2000, 1, 2)
_SCANS = ((time(7, 20), 0), (time(12, 5), 2), (time(12, 50), 3), (time(16, 10), 1))
"""When people punch, and the state key they press: in, break out, break in, out."""

_SPREAD_MINUTES = 20


def populate(device: Device, *, users: int, records: int, fingers: int = 0) -> None:
    """Given an empty terminal, enrol people, each with so many fingers (up to 10), and write the newest records that
    they would have left until now.

    Raise WrongUsage if there is nobody to leave records, or too few people for so many since the year 2000.
    """
    if records and not users:
        raise WrongUsage(
            Message("{records} records need somebody who left them; ask for at least one user", records=records)
        )
    pins = [str(FIRST_PIN + number) for number in range(users)]
    for pin in pins:
        device.enrol(pin, f"PEGAWAI {pin}")
        for number in range(fingers):
            device.enrol_finger(pin, number)
    newest_first: list[tuple[datetime, str, int]] = []
    now = device.clock()
    for workday in _workdays_backwards(now.date()):
        if len(newest_first) >= records:
            break
        punches = (punch for pin in pins for punch in _day_of(pin, workday))
        newest_first += sorted((punch for punch in punches if punch[0] <= now), reverse=True)
    if len(newest_first) < records:
        raise WrongUsage(
            Message(
                "{users} users leave fewer than {records} records since 2000; ask for more users or fewer records",
                users=users,
                records=records,
            )
        )
    for clock, pin, status in reversed(newest_first[:records]):
        punched_at = device.instant(clock - timedelta(seconds=device.offset_s))
        device.write(Record(device.users[pin].uid, pin, pack_clock(clock), 1, status, at=punched_at))


def _workdays_backwards(last: date) -> Iterator[date]:
    day = last
    while day >= _FIRST_DAY:
        if day.isoweekday() <= 5:
            yield day
        day -= timedelta(days=1)


def _day_of(pin: str, day: date) -> Iterator[tuple[datetime, str, int]]:
    for usual, status in _SCANS:
        jitter_s = zlib.crc32(f"{pin} {day} {status}".encode()) % (_SPREAD_MINUTES * 60)
        yield datetime.combine(day, usual) + timedelta(seconds=jitter_s), pin, status
