"""The client against peers and links that fail: never less than the whole table, always a farewell."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from functools import partial

import pytest

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalUnavailable
from ekinerja_agent.terminals.client import open_terminal
from ekinerja_agent.terminals.link import Transport
from tests.terminals.conftest import Answer, Clock, Encode, Request, Script, Talk, Visit, Words

IMPATIENT_S, LOSSY_S, PATIENT_S = 0.4, 2.0, 30.0
"""Reply timeouts: one that is waited for in vain, one where a datagram is lost, one that no busy machine reaches."""


# --- terminals and links that fail --------------------------------------------------------------------------


def test_nobody_there_is_worth_another_try():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for transport in ("tcp", "udp"):
        with (
            pytest.raises(TerminalUnavailable, match=f"dinkes-lobby .127.0.0.1:{port}/{transport}") as caught,
            open_terminal("dinkes-lobby", "127.0.0.1", port, transport=transport, reply_timeout_s=IMPATIENT_S),
        ):
            pass
        assert caught.value.retryable


def test_a_name_that_nobody_knows_is_worth_another_try():
    with (
        pytest.raises(TerminalUnavailable, match=r"dinkes-lobby .* cannot be reached"),
        open_terminal("dinkes-lobby", "no such host", 4370),
    ):
        pass


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("command", [1000, 11, 1503, 1504])
def test_a_terminal_that_hangs_is_left_after_its_reply_timeout(
    scripted: type[Words], visit: Visit, big: bytes, transport: Transport, command: int
):
    """Over UDP a question is asked four times in that time, for so much may be lost on the way; one that makes the
    terminal work is asked twice, each time for as long.
    """
    script = scripted.script(log=big, on={command: lambda _: []})
    with pytest.raises(TerminalUnavailable, match=r"dinkes-lobby .* did not complete its answer in time"):
        visit(script, transport, reply_timeout_s=IMPATIENT_S)
    assert script.commands().count(command) == (1 if transport == "tcp" else 2 if command == 1503 else 4)
    if command != 1000:
        assert script.said_goodbye()


@pytest.mark.parametrize("goodbye", [1502, 1001])
def test_a_terminal_that_hangs_after_all_was_read_spoils_nothing(
    scripted: type[Words], talk: Talk, big: bytes, goodbye: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ekinerja_agent.terminals.session.FAREWELL_S", IMPATIENT_S)
    script = scripted.script(log=big, on={goodbye: lambda _: []})
    with talk(script) as client:
        assert client.read_log() == big
    assert script.said_goodbye()


def slowly(scripted: type[Words], clock: Clock, pieces: Answer, within_s: float):
    """An answer whose pieces come one by one, the last of them when so much time has passed."""
    sent = list(pieces)
    for piece in sent:
        clock.passes(within_s / len(sent))
        yield piece
        yield scripted.now


def byte_by_byte(scripted: type[Words], said: bytes):
    return [scripted.raw(bytes([byte])) for byte in said]


def test_a_byte_now_and_then_does_not_hold_the_reader(scripted: type[Words], talk: Talk):
    script = scripted.script()

    def serial_within(within_s: float):
        clock = scripted.clock()
        script.on[11] = lambda request: slowly(
            scripted, clock, byte_by_byte(scripted, script.framed(request)), within_s
        )
        with talk(script, clock=clock, reply_timeout_s=PATIENT_S) as client:
            return client.option("~SerialNumber")

    assert serial_within(0.8 * PATIENT_S) == script.serial
    with pytest.raises(TerminalUnavailable, match="in time"):
        serial_within(1.5 * PATIENT_S)


@pytest.mark.parametrize("other_limit", ["REPLIES_PER_SESSION", "LARGEST_DATA_BYTES"])
def test_a_transfer_that_dribbles_ends_with_its_size(
    scripted: type[Words], talk: Talk, encode: type[Encode], other_limit: str, monkeypatch: pytest.MonkeyPatch
):
    """By the time of each packet, and by that of the whole session, which begins before the transfer."""
    log = encode.table(bytes(60_000))  # one transfer
    speed = len(log) / PATIENT_S
    limits = {"REPLIES_PER_SESSION": 1, "LARGEST_DATA_BYTES": 1024, "SLOWEST_BYTES_PER_S": speed, other_limit: 1 << 30}
    for name, limit in limits.items():
        monkeypatch.setattr(f"ekinerja_agent.terminals.session.{name}", limit)
    may_take_s = 3 * PATIENT_S if other_limit == "LARGEST_DATA_BYTES" else 2 * PATIENT_S + 1024 / speed
    script = scripted.script(log=log)

    def log_within(within_s: float):
        clock = scripted.clock()
        script.on[1504] = lambda request: slowly(scripted, clock, script.honest(request), within_s)
        with talk(script, clock=clock, reply_timeout_s=PATIENT_S) as client:
            return client.read_log()

    assert log_within(0.8 * may_take_s) == log
    with pytest.raises(TerminalUnavailable, match="in time"):
        log_within(1.2 * may_take_s)


@pytest.mark.parametrize("command", [1000, 11, 1503, 1504])
def test_a_size_that_is_only_announced_buys_no_time(
    scripted: type[Words], visit: Visit, big: bytes, command: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ekinerja_agent.terminals.session.LARGEST_DATA_BYTES", 0)
    script, clock = scripted.script(log=big), scripted.clock()

    def announced(request: Request):
        yield script.reply(request, 1500, struct.pack("<II", len(big), 8))
        dribble = [script.reply(request, 1501, b"x", session=index) for index in range(40)]
        yield from slowly(scripted, clock, dribble, 1.5 * PATIENT_S)
        yield scripted.close()

    def dribbling(request: Request):
        said = byte_by_byte(scripted, script.framed(request)[:80])
        begins_s = PATIENT_S if command == 1504 else 0  # its size stands in the first of two packets
        yield from slowly(scripted, clock, said, begins_s + 1.5 * PATIENT_S)
        yield scripted.close()

    script.on[command] = announced if command == 1503 else dribbling
    with pytest.raises(TerminalUnavailable, match="in time"):
        visit(script, clock=clock, reply_timeout_s=PATIENT_S)


@pytest.mark.parametrize("after", [0, 1, 2, 30])
def test_a_terminal_that_closes_in_mid_transfer_is_worth_another_try(
    scripted: type[Words], talk: Talk, big: bytes, after: int
):
    script = scripted.script(log=big)
    script.on[1504] = lambda request: [*script.honest(request)[:after], scripted.close()]
    with (
        pytest.raises(TerminalUnavailable, match=r"dinkes-lobby .* (closed the connection|broke off|is gone)"),
        talk(script) as client,
    ):
        client.read_log()


def test_a_connection_cut_inside_a_packet_is_worth_another_try(scripted: type[Words], talk: Talk):
    script = scripted.script()
    script.on[11] = lambda request: [scripted.raw(script.framed(request)[:9]), scripted.close()]
    with pytest.raises(TerminalUnavailable), talk(script) as client:
        client.option("~SerialNumber")


# --- answers that break the protocol ------------------------------------------------------------------------


Reply = Callable[[int, bytes, int], bytes]
Change = Callable[[list[bytes], Reply], list[bytes]]


def mangled(script: Script, change: Change):
    """A handler that changes the honest answer's packets; `reply(command, data, session)` makes another one."""
    return lambda request: change(list(script.honest(request)), partial(script.reply, request))


def changed_byte(packets: list[bytes], _reply: Reply):
    packets[2] = packets[2][:-1] + bytes([packets[2][-1] ^ 1])
    return packets


def missing_packet(packets: list[bytes], _reply: Reply):
    return [*packets[:3], *packets[4:]]


def swapped_packets(packets: list[bytes], _reply: Reply):
    packets[2], packets[3] = packets[3], packets[2]
    return packets


def repeated_packet(packets: list[bytes], _reply: Reply):
    return [*packets[:3], packets[2], *packets[3:]]


def no_announcement(packets: list[bytes], _reply: Reply):
    return packets[1:]


def early_end(packets: list[bytes], _reply: Reply):
    return [*packets[:-2], packets[-1]]


def no_data_at_all(packets: list[bytes], _reply: Reply):
    return packets[-1:]


def empty_packet(packets: list[bytes], reply: Reply):
    return [*packets[:2], reply(1501, b"", 1), *packets[3:]]


def too_long_packet(packets: list[bytes], reply: Reply):
    return [*packets[:2], reply(1501, b"x" * 0xFF00, 1), *packets[3:]]


def announced_again_at_the_end(packets: list[bytes], _reply: Reply):
    return [*packets[:-1], packets[0]]


BROKEN = [
    empty_packet,
    too_long_packet,
    announced_again_at_the_end,
    changed_byte,
    missing_packet,
    swapped_packets,
    repeated_packet,
    no_announcement,
    early_end,
    no_data_at_all,
]


@pytest.mark.parametrize("change", BROKEN)
def test_a_broken_bulk_answer_is_a_violation_on_tcp(scripted: type[Words], talk: Talk, big: bytes, change: Change):
    script = scripted.script(log=big)
    script.on[1504] = mangled(script, change)
    with pytest.raises(ProtocolViolation, match="dinkes-lobby"), talk(script) as client:
        client.read_log()
    assert script.said_goodbye()


@pytest.mark.parametrize("change", BROKEN)
def test_a_broken_chunk_is_asked_again_on_udp(scripted: type[Words], talk: Talk, big: bytes, change: Change):
    script = scripted.script(log=big)
    broken = mangled(script, change)

    def sometimes(request: Request):
        asked = script.commands().count(1504)
        return broken(request) if asked % 3 == 1 else script.honest(request)

    script.on[1504] = sometimes
    with talk(script, "udp") as client:
        assert client.read_log() == big
    assert script.said_goodbye()


def test_a_datagram_that_is_always_lost_never_makes_a_shorter_log(scripted: type[Words], talk: Talk, big: bytes):
    script = scripted.script(log=big)
    script.on[1504] = mangled(script, missing_packet)
    with (
        pytest.raises(ProtocolViolation, match="dinkes-lobby sent data packet 3 where 2 was next"),
        talk(script, "udp") as client,
    ):
        client.read_log()
    assert script.commands().count(1504) == 4
    assert script.said_goodbye()


@pytest.mark.parametrize("command", [1000, 11, 50, 201, 1503, 1504])
def test_a_lost_answer_is_asked_for_again_on_udp(scripted: type[Words], talk: Talk, big: bytes, command: int):
    script = scripted.script(log=big)
    script.on[command] = lambda request: script.honest(request) if script.commands().count(command) > 1 else []
    with talk(script, "udp", reply_timeout_s=LOSSY_S) as client:
        client.option("~SerialNumber")
        client.sizes()
        client.clock()
        assert client.read_log() == big
    assert script.said_goodbye()


def test_a_late_answer_to_the_first_attempt_is_not_mixed_into_the_second(scripted: type[Words], talk: Talk, big: bytes):
    script = scripted.script(log=big)
    held = []

    def late(request: Request):
        if not held:
            held.extend(script.honest(request))
            return []
        return [*held[:9], *script.honest(request)]

    script.on[1504] = late
    with talk(script, "udp", reply_timeout_s=LOSSY_S) as client:
        assert client.read_log() == big


def test_answers_with_another_reply_id_are_no_answers(scripted: type[Words], talk: Talk, encode: type[Encode]):
    script = scripted.script()
    script.on[11] = lambda request: [encode.packet(2000, 0x45CF, request.reply_id + 1, b"~SerialNumber=1\0")]
    with pytest.raises(TerminalUnavailable), talk(script, reply_timeout_s=IMPATIENT_S) as client:
        client.option("~SerialNumber")


def announcing(script: Script, size: int):
    return lambda request: [script.reply(request, 1500, struct.pack("<II", size, 1024))]


Misfit = tuple[int, Callable[[Script, Request], Answer], str]
"""To which command, what is answered, and what is said of it."""
MISFITS: list[Misfit] = [
    (1504, lambda script, request: [script.reply(request, 1501, b"x" * 10)], "sent 10 bytes where 65472"),
    (1504, lambda script, request: announcing(script, 10)(request), "announced 10 bytes where 65472"),
    (1504, lambda script, request: [script.reply(request, 1500, b"xx")], "without its size"),
    (1504, lambda script, request: [script.reply(request, 2001)], "answered 2001 where data"),
    (1503, lambda script, request: [script.reply(request, 2000, b"\0\1")], "with 2 bytes; 5 are needed"),
    (1503, lambda script, request: [script.reply(request, 2000, b"\0" + b"\xff" * 12)], "announced 4294967295"),
    (1503, lambda script, request: [script.reply(request, 1501, b"\x09\0\0\0x")], "not whole"),
    (1503, lambda script, request: [script.reply(request, 1500, b"\xff" * 8)], "announced 4294967295"),
    (1503, lambda script, request: [script.reply(request, 501)], "answered 501 where data"),
    (11, lambda script, request: [script.reply(request, 2000, b"~Platform=x\0")], "asked for ~SerialNumber"),
    (11, lambda script, request: [script.reply(request, 1234)], "answered 1234 to OPTIONS_RRQ"),
    (1000, lambda script, request: [script.reply(request, 1234)], "answered 1234 when we connected"),
]


@pytest.mark.parametrize("misfit", MISFITS, ids=[words for _, _, words in MISFITS])
def test_lengths_and_answers_that_do_not_fit_are_violations(
    scripted: type[Words], visit: Visit, big: bytes, misfit: Misfit
):
    command, answer, words = misfit
    script = scripted.script(log=big)
    script.on[command] = lambda request: answer(script, request)
    with pytest.raises(ProtocolViolation, match=f"dinkes-lobby .*{words}"):
        visit(script)
    if command != 1000:
        assert script.said_goodbye()


def test_noise_instead_of_a_frame_is_a_violation(scripted: type[Words], visit: Visit):
    script = scripted.script()
    script.on[11] = lambda _: [scripted.raw(b"HTTP/1.1 400 Bad Request")]
    with pytest.raises(ProtocolViolation, match=r"dinkes-lobby .* starts with 48 54 54 50"):
        visit(script)


def test_a_table_that_says_another_length_than_it_has_is_a_violation(scripted: type[Words], talk: Talk, big: bytes):
    script = scripted.script(log=struct.pack("<I", len(big)) + big[4:])
    with pytest.raises(ProtocolViolation, match="not whole"), talk(script) as client:
        client.read_log()
