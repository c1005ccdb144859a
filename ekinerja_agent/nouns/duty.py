"""A day of duty: its scans, and what became of it and of a call to an event. Does not know when a scan is due."""

from __future__ import annotations

from enum import StrEnum


class Scan(StrEnum):
    """The four scans of a duty, in time order."""

    ARRIVE = "arrive"
    BREAK_OUT = "break_out"
    BREAK_IN = "break_in"
    LEAVE = "leave"


class DayState(StrEnum):
    """What became of a duty. Pending: it cannot be judged yet; exempt: it asks for no scan; future: it is not over."""

    PRESENT = "present"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    PENDING = "pending"
    EXEMPT = "exempt"
    FUTURE = "future"


class ShownState(StrEnum):
    """What people are told of a duty: late is present too, and missing is who should be there on a day that runs."""

    PRESENT = "present"
    LATE = "late"
    MISSING = "missing"
    UNEXCUSED = "unexcused"
    EXCUSED = "excused"
    PENDING = "pending"
    EXEMPT = "exempt"
    FUTURE = "future"


class EventMark(StrEnum):
    """What became of a call to an event. Missed: nothing speaks for the person; exempt: no duty at that time."""

    PRESENT = "present"
    MISSED = "missed"
    EXCUSED = "excused"
    EXEMPT = "exempt"
    PENDING = "pending"
