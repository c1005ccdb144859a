"""What a terminal answers, byte by byte, where a captured packet determines it."""

from __future__ import annotations

import struct

import pytest

from ekinerja_agent.simulator import Device, Model
from ekinerja_agent.simulator.codec import Packet, decode_packet, encode_packet, pack_time
from ekinerja_agent.simulator.conversation import Conversation, free_sizes
from ekinerja_agent.simulator.faults import Transport


def talk(device: Device, session: int, transport: Transport = "tcp") -> Conversation:
    """A client that has been given this session number."""
    device.sessions = iter([session])
    conversation = Conversation(device, transport, 1, lambda: None)
    conversation.answer(Packet(1000, 0, 0))
    return conversation


def ask(conversation: Conversation, command: int, like: bytes, data: bytes = b"") -> list[bytes]:
    """Ask with the session and reply id that the captured answer `like` echoes."""
    _, _, session, reply_id = struct.unpack_from("<4H", like)
    return conversation.answer(Packet(command, session, reply_id, data))


def session_of(raw: bytes) -> int:
    return int.from_bytes(raw[4:6], "little")


@pytest.mark.parametrize(("name", "transport"), [("zk002", "tcp"), ("zk005", "udp")])
def test_connect_is_answered_as_captured(captured: dict[str, bytes], name: str, transport: Transport) -> None:
    raw = captured[name][8 if transport == "tcp" else 0 :]
    device = Device()
    device.sessions = iter([session_of(raw)])
    assert Conversation(device, transport, 1, lambda: None).answer(Packet(1000, 0, 0)) == [raw]


@pytest.mark.parametrize(("key", "auth"), [(12, "zk007"), (45, "zk009")])
def test_a_comm_key_is_asked_for_and_accepted_as_captured(captured: dict[str, bytes], key: int, auth: str) -> None:
    device = Device(model=Model(comm_key=key))
    device.sessions = iter([0x45CF])
    conversation = Conversation(device, "tcp", 1, lambda: None)
    assert conversation.answer(Packet(1000, 0, 0)) == [captured["zk006"][8:]]
    request = decode_packet(captured[auth][8:])
    assert request is not None
    assert conversation.answer(request) == [captured["zk010"][8:]]


@pytest.mark.parametrize(
    ("name", "command", "data"),
    [
        ("zk015", 69, b" P"),
        ("zk038", 11, b"~Platform\0"),
        ("zk038", 11, b"~Platform"),
        ("zk055", 1001, b""),
        ("zk075", 30_000, b""),
        ("zk077", 11, b"ZKNoSuchOption\0"),
        ("zk081", 11, b"~ExtendFmt\0"),
    ],
)
def test_small_answers_are_as_captured(captured: dict[str, bytes], name: str, command: int, data: bytes) -> None:
    raw = captured[name][8:]
    assert ask(talk(Device(), session_of(raw)), command, raw, data) == [raw]


def test_a_small_user_table_comes_as_one_data_as_captured(captured: dict[str, bytes]) -> None:
    raw = captured["zk018"][8:]
    device = Device()
    for pin, name in (("100001lp", "cfulano"), ("222222cb", "rmengano")):
        user = device.enrol(pin, name)
        device.users[pin] = type(user)(user.uid, pin, name, group=0)
    answers = ask(talk(device, session_of(raw)), 1503, raw, struct.pack("<bhii", 1, 9, 5, 0))
    assert answers == [raw]


def test_a_large_user_table_is_prepared_and_sent_in_the_captured_shape(captured: dict[str, bytes]) -> None:
    device = Device(model=Model(data_payload_bytes=1008))
    for number in range(70):
        device.enrol(str(1000 + number))
    prepared = captured["zk019"][8:]
    conversation = talk(device, session_of(prepared))
    (answer,) = ask(conversation, 1503, prepared, struct.pack("<bhii", 1, 9, 5, 0))
    # The last number is free memory, which is the device's own.
    assert (len(answer), answer[8:17]) == (len(prepared), prepared[8:17])
    reply_id = 0x16
    packets = [
        decode_packet(raw)
        for raw in conversation.answer(Packet(1504, session_of(prepared), reply_id, struct.pack("<ii", 0, 5044)))
    ]
    found = [(p.command, p.session, p.reply_id, len(p.data)) for p in packets[1:-1] if p]
    for name, index in (("zk021", 0), ("zk022", 1), ("zk023", 2), ("zk025", 4), ("zk026", 5)):
        like = decode_packet(captured[name][8:])
        assert like is not None
        assert found[index] == (like.command, like.session, like.reply_id, len(like.data)), name
    assert len(found) == 6


def test_the_old_way_announces_and_closes_as_captured(captured: dict[str, bytes]) -> None:
    device = Device(model=Model(data_payload_bytes=1008))
    for _ in range(3):
        device.punch("1001")
    announced = captured["zk051"][8:]
    answers = ask(talk(device, session_of(announced)), 13, announced)
    assert answers[0] == announced
    assert answers[-1] == captured["zk053"][8:]
    assert answers[1][12:] == device.log_table()[4:]


def test_the_old_way_over_udp_announces_and_counts_as_captured(captured: dict[str, bytes]) -> None:
    device = Device(model=Model(layout=16))
    for number in range(353):
        device.enrol(str(1 + number))
    announced = captured["zk059"]
    answers = ask(talk(device, session_of(announced), "udp"), 9, announced)
    assert answers[0] == announced
    for name, index in (("zk069", 1), ("zk061", 8)):
        like = struct.unpack_from("<4H", captured[name])
        command, _, session, reply_id = struct.unpack_from("<4H", answers[1 + index])
        assert (command, session, reply_id) == (like[0], like[2], like[3])
        assert len(answers[1 + index]) == 8 + 1024


def test_a_chunk_is_announced_as_captured(captured: dict[str, bytes]) -> None:
    device = Device()
    for _ in range(34):
        device.punch("1001")
    announced = captured["zk062"][8:]
    conversation = talk(device, session_of(announced))
    ask(conversation, 1503, announced, struct.pack("<bhii", 1, 13, 0, 0))
    answers = ask(conversation, 1504, announced, struct.pack("<ii", 0, 1364))
    assert answers[0] == announced
    like = captured["zk063"]
    # Framing and DATA header, without checksum and reply id; then the number of bytes that follow.
    assert (answers[1][:2], answers[1][4:6], answers[1][8:12]) == (like[8:10], like[12:14], like[16:20])


@pytest.mark.parametrize(("name", "start"), [("zk013", 16), ("zk014", 16), ("zk082", 0), ("zk083", 0)])
def test_free_sizes_stand_where_they_were_captured(captured: dict[str, bytes], name: str, start: int) -> None:
    raw = captured[name][start:]
    numbers = struct.unpack(f"<{len(raw) // 4}i", raw)
    device = Device(
        model=Model(free_sizes_bytes=len(raw), capacity=numbers[16], user_capacity=numbers[15])  # type: ignore[arg-type] - captured lengths
    )
    for number in range(numbers[4]):
        device.enrol(str(1 + number))
    for _ in range(numbers[8]):
        device.punch("1")
    found = struct.unpack(f"<{len(raw) // 4}i", free_sizes(device))
    for place in (4, 8, 15, 16, 18, 19):
        assert found[place] == numbers[place], place


def test_free_sizes_can_have_112_bytes() -> None:
    assert len(free_sizes(Device(model=Model(free_sizes_bytes=112)))) == 112


@pytest.mark.parametrize("session", [0, 7])
def test_without_a_session_nothing_is_told(session: int) -> None:
    conversation = Conversation(Device(), "tcp", 1, lambda: None)
    assert conversation.answer(Packet(13, session, 4)) == [encode_packet(Packet(2005, 0, 4))]


@pytest.mark.parametrize(("key", "given"), [(12, 13), (0, 1), (12, None)])
def test_a_wrong_comm_key_opens_nothing(key: int, given: int | None) -> None:
    device = Device(model=Model(comm_key=key))
    conversation = talk(device, 0x1234)
    if given is not None:
        wrong = struct.pack("<I", given)
        assert conversation.answer(Packet(1102, 0x1234, 1, wrong)) == [encode_packet(Packet(2005, 0x1234, 1))]
    assert conversation.answer(Packet(13, 0x1234, 2)) == [encode_packet(Packet(2005, 0x1234, 2))]


@pytest.mark.parametrize(
    ("start", "size"), [(0, 2005), (2004, 1), (-1, 4), (0, 0), (0, -1), (5000, 4), (1, 0x7FFFFFFF)]
)
def test_beyond_the_end_of_the_buffer_is_an_error(start: int, size: int) -> None:
    device = Device()
    for _ in range(50):
        device.punch("1001")
    conversation = talk(device, 9)
    conversation.answer(Packet(1503, 9, 1, struct.pack("<bhii", 1, 13, 0, 0)))
    (answer,) = conversation.answer(Packet(1504, 9, 2, struct.pack("<ii", start, size)))
    assert answer == encode_packet(Packet(2001, 9, 2))


def test_without_a_buffer_there_is_nothing_to_read() -> None:
    conversation = talk(Device(), 9)
    error = [encode_packet(Packet(2001, 9, 2))]
    assert conversation.answer(Packet(1504, 9, 2, struct.pack("<ii", 0, 4))) == error
    conversation.answer(Packet(1503, 9, 1, struct.pack("<bhii", 1, 13, 0, 0)))
    conversation.answer(Packet(1502, 9, 2))
    assert conversation.answer(Packet(1504, 9, 2, struct.pack("<ii", 0, 4))) == error


@pytest.mark.parametrize(
    ("command", "data"), [(1503, b"\1"), (202, b"\1\2"), (202, struct.pack("<I", pack_time((2026, 2, 30))))]
)
def test_a_request_that_makes_no_sense_is_an_error(command: int, data: bytes) -> None:
    device = Device()
    offset_s = device.offset_s
    assert talk(device, 9).answer(Packet(command, 9, 1, data)) == [encode_packet(Packet(2001, 9, 1))]
    assert device.offset_s == offset_s


def test_an_empty_log_and_templates_are_tables_without_a_row() -> None:
    conversation = talk(Device(), 9)
    for table, function in ((13, 0), (7, 2)):
        request = Packet(1503, 9, 1, struct.pack("<bhii", 1, table, function, 0))
        assert conversation.answer(request) == [encode_packet(Packet(1501, 9, 1, b"\0\0\0\0"))]


def test_small_reads_can_come_as_one_data_with_the_real_session() -> None:
    device = Device(model=Model(lone_data_bytes=100))
    for _ in range(50):
        device.punch("1001")
    conversation = talk(device, 9)
    conversation.answer(Packet(1503, 9, 1, struct.pack("<bhii", 1, 13, 0, 0)))
    alone = conversation.answer(Packet(1504, 9, 2, struct.pack("<ii", 0, 4)))
    assert alone == [encode_packet(Packet(1501, 9, 2, struct.pack("<I", 2000)))]
    assert len(conversation.answer(Packet(1504, 9, 3, struct.pack("<ii", 0, 101)))) == 3


def test_locking_wiping_and_refreshing_do_what_they_say() -> None:
    device = Device()
    device.punch("1001")
    conversation = talk(device, 9)
    for reply_id, (command, data) in enumerate([(1003, struct.pack("<I", 30)), (1013, b"")]):
        assert conversation.answer(Packet(command, 9, reply_id, data)) == [encode_packet(Packet(2000, 9, reply_id))]
    assert device.disabled
    conversation.answer(Packet(1002, 9, 5))
    assert not device.disabled
    conversation.answer(Packet(15, 9, 6))
    assert (len(device.log), len(device.users)) == (0, 1)
    conversation.answer(Packet(14, 9, 7))
    assert (len(device.log), len(device.users)) == (0, 0)


def test_every_command_is_remembered_with_its_bytes() -> None:
    device = Device()
    conversation = talk(device, 9)
    conversation.answer(Packet(11, 9, 3, b"~OS\0"))
    seen = [(c.connection, c.command, c.session, c.reply_id, c.data) for c in device.commands]
    assert seen == [(1, 1000, 0, 0, b""), (1, 11, 9, 3, b"~OS\0")]


def test_one_event_waits_for_the_acknowledgement_of_the_one_before() -> None:
    device = Device()
    woken: list[str] = []
    device.sessions = iter([9])
    conversation = Conversation(device, "tcp", 1, lambda: woken.append("!"))
    conversation.answer(Packet(1000, 0, 0))
    conversation.answer(Packet(500, 9, 1, struct.pack("<I", 1)))
    device.punch("1001")
    device.punch("1002")
    assert len(woken) == 2
    first = conversation.next_event(100.0)
    assert first is not None
    assert (first.command, first.session, first.data[:5]) == (500, 1, b"1001\0")
    assert conversation.next_event(100.5) is None
    assert conversation.event_due_s(100.5) == 101.0
    assert conversation.answer(Packet(2000, 9, 0)) == []
    second = conversation.next_event(100.5)
    assert second is not None
    assert second.data[:5] == b"1002\0"
    assert conversation.event_due_s(100.5) == float("inf")


def test_a_client_that_never_acknowledges_gets_its_events_later() -> None:
    device = Device()
    conversation = talk(device, 9)
    conversation.answer(Packet(500, 9, 1, struct.pack("<I", 0xFFFF)))
    for pin in ("1001", "1002"):
        device.punch(pin)
    assert conversation.next_event(100.0) is not None
    assert conversation.next_event(101.0) is not None


@pytest.mark.parametrize("ending", [Packet(500, 9, 2, struct.pack("<I", 0)), Packet(1001, 9, 2)])
def test_events_end_with_the_registration(ending: Packet) -> None:
    device = Device()
    conversation = talk(device, 9)
    conversation.answer(Packet(500, 9, 1, struct.pack("<I", 1)))
    conversation.answer(ending)
    device.punch("1001")
    assert conversation.next_event(100.0) is None
