"""The client against a scripted peer on real sockets that does what a terminal should."""

from __future__ import annotations

import struct

import pytest

from ekinerja_agent.nouns.errors import TerminalRefused, TerminalUnavailable
from ekinerja_agent.terminals.client import open_terminal
from ekinerja_agent.terminals.link import Transport
from ekinerja_agent.terminals.wire import FrameBuffer, scramble_comm_key
from tests.terminals.conftest import Capture, Encode, Request, Serve, Talk, Visit, Words

# --- a terminal that does what it should --------------------------------------------------------------------


def test_the_facts_of_a_terminal_are_read(scripted: type[Words], talk: Talk):
    script = scripted.script(counted=(70, 3225))
    with talk(script) as client:
        assert client.option("~SerialNumber") == "CKJN204860123"
        assert client.firmware() == "Ver 6.60 Apr 28 2017"
        assert client.clock() == script.clock
        sizes = client.sizes()
        assert (sizes.users, sizes.records, sizes.records_capacity) == (70, 3225, 100_000)
    assert [request.reply_id for request in script.requests] == list(range(6))
    assert script.said_goodbye()


def test_a_refused_fact_is_not_known(scripted: type[Words], talk: Talk):
    script = scripted.script()
    for command in (11, 50, 201, 1100):
        script.on[command] = lambda request: [script.reply(request, 0xFFFF)]
    with talk(script) as client:
        assert client.option("~SerialNumber") is None
        assert (client.firmware(), client.sizes(), client.clock()) == (None, None, None)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_long_log_comes_complete_in_chunks(scripted: type[Words], talk: Talk, big: bytes, transport: Transport):
    script = scripted.script(log=big)
    with talk(script, transport) as client:
        assert client.read_log() == big
        assert client.received_bytes > len(big)
    chunk = {"tcp": 0xFFC0, "udp": 16 * 1024}[transport]
    asked = [struct.unpack("<ii", request.data) for request in script.requests if request.command == 1504]
    chunks = [(start, min(chunk, len(big) - start)) for start in range(0, len(big), chunk)]
    assert asked == [*chunks, (chunk - 128, 256)]
    assert script.said_goodbye()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_short_tables_come_in_one_answer(scripted: type[Words], talk: Talk, encode: type[Encode], transport: Transport):
    script = scripted.script(log=encode.table(b"x" * 40), users=encode.table(b"y" * 72))
    with talk(script, transport) as client:
        assert client.read_log() == script.log
        assert client.read_users() == script.users
    questions = [request.data.hex() for request in script.requests if request.command == 1503]
    assert questions == ["010d000000000000000000", "0109000500000000000000"]
    assert script.said_goodbye()


def test_a_lone_data_packet_may_answer_a_chunk(scripted: type[Words], talk: Talk, big: bytes):
    script = scripted.script(log=big)
    script.on[1504] = lambda request: [
        script.reply(request, 1501, big[(ask := struct.unpack("<ii", request.data))[0] : sum(ask)])
    ]
    with talk(script) as client:
        assert client.read_log() == big


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
def test_a_stream_cut_at_any_byte_is_put_together(
    scripted: type[Words], talk: Talk, encode: type[Encode], piece_bytes: int
):
    script = scripted.script(log=encode.table(bytes(range(256)) * 12))
    with talk(script, piece_bytes=piece_bytes, reply_timeout_s=5) as client:
        assert client.read_log() == script.log


def test_stray_packets_and_events_in_front_of_an_answer_are_skipped(
    scripted: type[Words], talk: Talk, encode: type[Encode], big: bytes
):
    script = scripted.script(log=big)

    def noisy(request: Request):
        stray = [
            encode.packet(2000, 0x45CF, (request.reply_id - 1) & 0xFFFF),
            encode.packet(500, 1, 0, b"event"),
            encode.packet(500, 1, request.reply_id, b"event"),
        ]
        return [packet for answer in script.honest(request) for packet in (*stray, answer)]

    script.on = dict.fromkeys((11, 1503, 1504, 1502, 1001), noisy)
    with talk(script) as client:
        assert client.option("~SerialNumber") == script.serial
        assert client.read_log() == big
    assert script.said_goodbye()


def test_what_is_sent_is_what_was_captured(
    captures: list[Capture], serve: Serve, scripted: type[Words], encode: type[Encode]
):
    captured = {entry["id"]: bytes.fromhex(entry["hex"]) for entry in captures}
    script = scripted.script()
    script.on[1000] = lambda request: [script.reply(request, 2005)]
    with (
        serve(script) as (host, port, _),
        open_terminal("t", host, port, comm_key=12, reply_timeout_s=5) as client,
    ):
        client.sizes()
    sent = [encode.framed(encode.packet(*request)) for request in script.requests]
    assert sent[:3] == [captured["zk001"], captured["zk007"], captured["zk011"]]


def test_other_captured_requests_are_the_same_but_for_session_and_reply_id(
    captures: list[Capture], talk: Talk, scripted: type[Words], encode: type[Encode]
):
    script = scripted.script()
    script.on[1503] = lambda request: [script.reply(request, 0xFFFF)]
    script.on[13] = lambda request: script.bulk(request, script.log)
    with talk(script) as client:
        client.option("~Platform")
        client.read_log()
    for name in ("zk003", "zk027", "zk037", "zk050"):
        (raw,) = [bytes.fromhex(entry["hex"]) for entry in captures if entry["id"] == name]
        (packet,) = FrameBuffer().feed(raw)
        (sent,) = [request for request in script.requests if request.command == packet.command]
        assert encode.packet(sent.command, packet.session, packet.reply_id, sent.data) == raw[8:], name


# --- being let in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("comm_key", [None, 0, 12, 999999])
def test_a_terminal_that_asks_for_its_key_gets_it_scrambled(scripted: type[Words], talk: Talk, comm_key: int | None):
    script = scripted.script()
    script.on[1000] = lambda request: [script.reply(request, 2005)]
    with talk(script, comm_key=comm_key) as client:
        assert client.option("~SerialNumber") == script.serial
    (auth,) = [request for request in script.requests if request.command == 1102]
    assert (auth.session, auth.data) == (0x45CF, scramble_comm_key(comm_key or 0, 0x45CF))


@pytest.mark.parametrize(("comm_key", "words"), [(None, "answers only with a comm key"), (7, "refuses the comm key")])
def test_a_wrong_comm_key_is_asked_once_and_named(scripted: type[Words], talk: Talk, comm_key: int | None, words: str):
    script = scripted.script()
    script.on[1000] = script.on[1102] = lambda request: [script.reply(request, 2005)]
    with (
        pytest.raises(TerminalRefused, match=f"dinkes-lobby {words}.*comm_key_file") as caught,
        talk(script, comm_key=comm_key),
    ):
        pass
    assert script.commands().count(1102) == 1
    assert not caught.value.retryable


def test_a_terminal_that_is_busy_with_another_program_is_worth_another_try(scripted: type[Words], visit: Visit):
    script = scripted.script()
    script.on[1000] = lambda request: [script.reply(request, 2001)]
    with pytest.raises(TerminalUnavailable, match="dinkes-lobby lets nobody in now"):
        visit(script)


@pytest.mark.parametrize("command", [1000, 11, 1503])
def test_encrypted_firmware_is_not_tried_again(scripted: type[Words], visit: Visit, command: int):
    script = scripted.script()
    script.on[command] = lambda request: [script.reply(request, 6001)]
    with pytest.raises(TerminalRefused, match=r"dinkes-lobby has encrypted firmware.*encrypted, use push"):
        visit(script, "udp")
    assert script.commands().count(command) == 1


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_that_are_encrypted_are_named_as_such(visit: Visit, scripted: type[Words], transport: Transport):
    script = scripted.script()
    script.on[1000] = lambda _: [scripted.raw(bytes.fromhex("5050837c08000000d00700000000ffff"))]
    with pytest.raises(TerminalRefused, match=r"dinkes-lobby.* has encrypted firmware.*encrypted, use push"):
        visit(script, transport)


@pytest.mark.parametrize("asked", [1000, 1102])
def test_a_locked_terminal_is_told_from_one_that_breaks_the_protocol(scripted: type[Words], talk: Talk, asked: int):
    script = scripted.script()
    script.on[1000] = lambda request: [script.reply(request, 2005)]
    script.on[asked] = lambda request: [script.reply(request, 2032)]
    with (
        pytest.raises(TerminalRefused, match="dinkes-lobby answers 2032: it is locked, or the comm key is wrong"),
        talk(script, comm_key=7),
    ):
        pass


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_an_access_panel_is_named_as_such(
    visit: Visit, scripted: type[Words], transport: Transport, captures: list[Capture]
):
    (panel,) = [bytes.fromhex(entry["hex"]) for entry in captures if entry["kind"] == "foreign"]
    script = scripted.script()
    script.on[1000] = lambda _: [scripted.raw(panel)]
    with pytest.raises(TerminalRefused, match=r"dinkes-lobby .* access panel"):
        visit(script, transport)


# --- old and empty terminals --------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("refusal", [0xFFFF, 2001, 4989])
def test_a_terminal_without_buffers_is_read_the_old_way(
    scripted: type[Words], talk: Talk, big: bytes, refusal: int, transport: Transport
):
    script = scripted.script(log=big[:-4] + b"tail", users=big[:400])
    script.users = struct.pack("<I", 396) + big[4:400]
    script.on[1503] = lambda request: [script.reply(request, refusal)]
    script.on[13] = lambda request: script.bulk(request, script.log)
    script.on[9] = lambda request: script.bulk(request, script.users)
    with talk(script, transport) as client:
        assert client.read_log() == script.log
        assert client.read_users() == script.users
    old = [(request.command, request.data) for request in script.requests if request.command in (9, 13)]
    assert old == [(13, b""), (9, b"\x05")]
    assert script.said_goodbye()


def test_a_refused_table_is_empty_only_where_the_terminal_counts_nothing(scripted: type[Words], talk: Talk):
    script = scripted.script()
    script.on[1503] = lambda request: [script.reply(request, 2001)]
    script.on[13] = lambda request: [script.reply(request, 4991)]
    with talk(script) as client:
        assert client.read_log(counted=0) == b""
    for counted in (1, None):
        with (
            pytest.raises(TerminalUnavailable, match="dinkes-lobby has no memory free"),
            talk(script) as client,
        ):
            client.read_log(counted)
    script.on[13] = lambda request: [script.reply(request, 0xFFFF)]
    with pytest.raises(TerminalRefused, match="does not give out its attendance log"), talk(script) as client:
        client.read_log(1)
    assert script.said_goodbye()


def test_an_error_of_the_caller_also_frees_and_leaves(scripted: type[Words], talk: Talk, big: bytes):
    script = scripted.script(log=big)

    def poll_and_fail():
        with talk(script) as client:
            client.read_log()
            raise KeyError

    with pytest.raises(KeyError):
        poll_and_fail()
    assert script.said_goodbye()
