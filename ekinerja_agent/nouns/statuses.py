"""How far what people do has come: what they enter, dispute and close. Each value is the text that is stored and shown.

Does not know who may bring it further.
"""

from __future__ import annotations

from enum import StrEnum


class EntryStatus(StrEnum):
    """Of what one person enters and another decides: activities, absences, outages, corrections, ratings, progress,
    redatings. Only activities are drafts, returned or withdrawn.
    """

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


DOCUMENT_STATUSES = (EntryStatus.PENDING, EntryStatus.APPROVED, EntryStatus.REJECTED)
"""Those of whatever is no activity."""
DECIDED = (EntryStatus.APPROVED, EntryStatus.RETURNED, EntryStatus.REJECTED)
"""What a superior may make of an activity."""


class BatchStatus(StrEnum):
    """Of an imported file: what moves somebody's pay waits, and never counts where another person rejected it."""

    COUNTS = "counts"
    WAITING = "waiting"
    REJECTED = "rejected"
    REVOKED = "revoked"


class ObjectionStatus(StrEnum):
    """Of what is disputed before a close."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class PeriodStatus(StrEnum):
    """Of an office's month: once it is paid it is never opened again."""

    OPEN = "open"
    CLOSED = "closed"
    REOPENED = "reopened"
    PAID = "paid"


class RowOutcome(StrEnum):
    """What became of a row that another program handed in; refused: its whole file was."""

    STORED = "stored"
    REJECTED = "rejected"
    REFUSED = "refused"
