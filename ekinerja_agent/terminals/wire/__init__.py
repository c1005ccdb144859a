"""The language of ZK terminals on port 4370 as pure functions: bytes in, facts out.

Decodes what it is sure of and raises our errors on everything else. Does not know sockets, time or which
terminal speaks. `packets` frames and checks, `values` reads small answers, `log` the attendance log, `users`
the user table, `events` what a terminal says unasked.
"""

from __future__ import annotations

from ekinerja_agent.terminals.wire.events import ATTENDANCE, Event, decode_event, tells_of_a_punch
from ekinerja_agent.terminals.wire.log import AmbiguousLog, DecodedLog, Record, Undecodable, decode_log
from ekinerja_agent.terminals.wire.packets import (
    Command,
    FrameBuffer,
    Packet,
    decode_packet,
    encode_packet,
    frame,
)
from ekinerja_agent.terminals.wire.users import User, decode_users, readable_users
from ekinerja_agent.terminals.wire.values import (
    FreeSizes,
    decode_free_sizes,
    decode_option,
    decode_time,
    scramble_comm_key,
)

__all__ = [
    "ATTENDANCE",
    "AmbiguousLog",
    "Command",
    "DecodedLog",
    "Event",
    "FrameBuffer",
    "FreeSizes",
    "Packet",
    "Record",
    "Undecodable",
    "User",
    "decode_event",
    "decode_free_sizes",
    "decode_log",
    "decode_option",
    "decode_packet",
    "decode_time",
    "decode_users",
    "encode_packet",
    "frame",
    "readable_users",
    "scramble_comm_key",
    "tells_of_a_punch",
]
