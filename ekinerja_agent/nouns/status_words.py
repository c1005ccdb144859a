"""Words for what something is in: a month of an office, an activity, a document that waits, a draft.

Promises a message for every status that commands and pages tell of. Does not know what leads from one to the next.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message, as_message

_WORDS: dict[str, Message] = {
    word: word
    for word in (
        Message("accepted"),
        Message("approved"),
        Message("closed"),
        Message("decided"),
        Message("draft"),
        Message("open"),
        Message("paid"),
        Message("pending"),
        Message("rejected"),
        Message("reopened"),
        Message("returned"),
        Message("submitted"),
        Message("withdrawn"),
    )
}


def status_word(status: str) -> Message:
    """Given a status, return the word for it; one that has none stays as it is."""
    return _WORDS.get(status) or as_message(status)
