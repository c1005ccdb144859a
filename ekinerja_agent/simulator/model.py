"""What kind of terminal is simulated: sizes, capacities and the habits of its firmware.

A fault that is a habit of firmware replaces the model of a device before it is served. Does not know what a
terminal holds, nor what is said to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.rows import EVENT_SIZES, Layout, NameEncoding, UserSize


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of terminal.

    `layout` and `user_size` are bytes per row (`user_size` None: 28 with records of 8 and 16, else 72).
    `event_size` is the body of a live event (None: 12 with 28-byte users, else 32); an event that nobody
    acknowledged keeps the next one back for `event_patience_s` (0: it waits for nobody). `free_sizes_bytes` is
    80, 92 or 112. `data_payload_bytes` is the most that one DATA packet carries on TCP (captured: 1008, 65528,
    65536); on UDP it is 1024. Answers to 1504 up to `lone_data_bytes` come as one DATA without PREPARE_DATA.
    `packet_gap_s` is the pause after every packet: real terminals are slow, and some clients only work
    because of it. `comm_key` None asks for no key; 0 is a key too: some firmware wants it.
    `when_full` tells what a full log does: delete its oldest `oldest_deleted` records at once, or refuse the
    punch.

    `names` is how it writes names, `fingerprints` the version of its algorithm ("9", "10"): no other reads its
    templates.

    Habits that vendor documents do not mention: `offset_step_bytes` rounds the start that 1504 asks for down
    to a multiple (1: exact, 0: every read starts at the beginning); `holds_snapshot` False reads from the log as it
    is now, not as it was when the buffer was prepared; `enables_itself` False stays locked after the seconds of
    DISABLE; `keeps_clock` False starts at 2000-01-01 whenever power returns.
    """

    layout: Layout = 40
    user_size: UserSize | None = None
    event_size: int | None = None
    event_patience_s: float = 1.0
    free_sizes_bytes: Literal[80, 92, 112] = 80
    data_payload_bytes: int = 65_528
    lone_data_bytes: int = 0
    packet_gap_s: float = 0.0
    comm_key: int | None = None
    capacity: int = 100_000
    user_capacity: int = 10_000
    finger_capacity: int = 10_000
    names: NameEncoding = "utf-8"
    fingerprints: str = "10"
    when_full: Literal["delete-oldest", "refuse"] = "delete-oldest"
    oldest_deleted: int = 100
    punches_while_disabled: bool = False
    offset_step_bytes: int = 1
    holds_snapshot: bool = True
    enables_itself: bool = True
    keeps_clock: bool = True
    firmware: str = "Ver 6.60 Aug 23 2014"
    platform: str = "ZEM760_TFT"
    device_name: str = "K20"

    def __post_init__(self) -> None:
        if self.event_bytes not in EVENT_SIZES:
            raise WrongUsage(
                Message(
                    "no terminal sends events of {event_bytes} bytes; choose one of {sizes}",
                    event_bytes=self.event_bytes,
                    sizes=EVENT_SIZES,
                )
            )

    @property
    def user_row_bytes(self) -> UserSize:
        if self.user_size is not None:
            return self.user_size
        return 28 if self.layout in {8, 16} else 72

    @property
    def event_bytes(self) -> int:
        if self.event_size is not None:
            return self.event_size
        return 12 if self.user_row_bytes == 28 else 32
