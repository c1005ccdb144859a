"""The receiver over real sockets: what terminals send, what they get, and what they must not get."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.simulator.push_device import Unanswered
from ekinerja_agent.spool import TerminalMemory
from ekinerja_agent.web import http_protocol, iclock
from tests.proof.box import PATIENCE_S, until
from tests.push.conftest import LIMIT, ZONE, Site, pushing

CAPTURES = {each["id"]: each for each in json.loads((Path(__file__).parents[1] / "captures" / "adms.json").read_text())}
LINE = b"1001\t2026-10-10 08:01:22\t0\t1\t0\t0\t0"


def post(
    body: bytes, *, length: int | None = None, path: str = "cdata?SN=S1&table=ATTLOG&Stamp=9", more: str = ""
) -> bytes:
    length = len(body) if length is None else length
    head = f"POST /iclock/{path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {length}\r\n\r\n"
    return head.encode() + body


def get(path: str, more: str = "") -> bytes:
    return f"GET /iclock/{path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def text(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


REQUESTS = [
    name for name, each in CAPTURES.items() if each["direction"] == "device->server" and " /iclock" in each["raw"]
]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_captured_request_of_a_known_terminal_is_answered(name: str, make_site: Callable[..., Site]) -> None:
    raw = (
        CAPTURES[name]["raw"]
        .replace("${SerialNumber}", "S1")
        .replace("${XXX}", "1")
        .replace("${ServerIP}:${ServerPort}", "x")
    )
    serial = re.search(r"SN=(\w+)", raw)
    site = make_site(pushing("t1", serial[1] if serial else "S1"))
    head, _, body = raw.partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not line.startswith("Content-Length")]
    if raw.startswith("POST"):
        lines.append(f"Content-Length: {len(body)}")
    answer = site.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode())
    expected = {"adms11": 404, "adms19": 404}  # encrypted uploads; a file that nobody told it to fetch
    assert status(answer) == expected.get(name, 200), answer
    kept = {"adms05": [("1001", "2026-10-10T08:01:22", 1)]}
    assert site.punched() == kept.get(name, [])


def test_the_first_contact_asks_for_everything_and_the_next_for_what_is_new(site: Site) -> None:
    first = site.raw(get("cdata?SN=S1&options=all"))
    assert "ATTLOGStamp=0\n" in text(first)
    assert text(site.raw(post(LINE + b"\n", path="cdata?SN=S1&table=ATTLOG&Stamp=82983982"))) == "OK: 1\n"
    assert "ATTLOGStamp=82983982\n" in text(site.raw(get("cdata?SN=S1&options=all")))


def test_an_upload_before_the_first_handshake_does_not_stand_for_what_came_before_it(site: Site) -> None:
    site.raw(post(LINE + b"\n", path="cdata?SN=S1&table=ATTLOG&Stamp=82983982"))
    assert "ATTLOGStamp=0\n" in text(site.raw(get("cdata?SN=S1&options=all")))


@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Jakarta", "7"), ("Asia/Jayapura", "9"), ("Asia/Kathmandu", "345")]
)
def test_a_terminal_gets_the_date_and_its_own_zone(zone: str, expected: str, make_site: Callable[..., Site]) -> None:
    answer = make_site(pushing("t1", "S1", timezone=zone)).raw(get("cdata?SN=S1&options=all"))
    assert f"TimeZone={expected}\n" in text(answer)
    (date,) = re.findall(rb"(?im)^date: (.*)\r$", answer)
    assert abs(parsedate_to_datetime(date.decode()) - utc_now()) < timedelta(seconds=5)


def test_passwords_are_acknowledged_and_kept_nowhere(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = b"USER PIN=1\tName=Siti\tPri=0\tPasswd=s3cr3t\nOPLOG 4\t0\t2026-10-10 08:00:00\t0\t0\t0\t0\n"
    for table in ("OPERLOG", "operlog", "USERINFO", "BIODATA"):
        answer = site.raw(post(secret, path=f"cdata?SN=S1&table={table}&Stamp=1"))
        assert (status(answer), text(answer)) == (200, "OK: 2\n" if table.upper() == "OPERLOG" else "OK\n")
    site.spool.close()
    kept = b"".join(path.read_bytes() for path in site.path.parent.glob("spool.db*"))
    assert b"s3cr3t" not in kept
    assert b"Siti" not in kept
    assert "s3cr3t" not in caplog.text + "".join(capfd.readouterr())


def test_a_bad_line_waits_for_a_person_and_stops_no_other(site: Site) -> None:
    bad = b"1002\t2026-02-30 08:00:00\t0\t1\n"
    reset = b"1003\t2000-01-01 00:00:10\t0\t1\n"
    assert text(site.raw(post(bad + LINE + b"\n" + reset))) == "OK: 3\n"
    assert [each[0] for each in site.punched()] == ["1001"]
    assert [each.raw + b"\n" for each in site.notes(Quarantined)] == [bad, reset]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_a_compressed_upload_is_taken_and_a_bomb_is_not(site: Site, encoding: str) -> None:
    more = f"Content-Encoding: {encoding}\r\n"
    assert text(site.raw(post(gzip.compress(LINE), more=more))) == "OK: 1\n"
    assert status(site.raw(post(gzip.compress(b"1" * (LIMIT + 1)), more=more))) == 413
    assert status(site.raw(post(gzip.compress(LINE)[:-3], more=more))) == 400
    assert len(site.punched()) == 1


def test_an_upload_that_announces_more_than_it_sends_is_stored_line_by_line_and_not_acknowledged(site: Site) -> None:
    half = LINE + b"\n" + b"1002\t2026-10-10 08:02:0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iclock, "CHUNK_WITHIN_S", 0.3)
        answer = site.raw(post(half, length=len(half) + 40))
    assert status(answer) == 400
    assert site.punched() == [("1001", "2026-10-10T08:01:22", 1)]
    assert site.notes(Quarantined) == []
    site.raw(post(b"1003\t2026-10-10 08:03:00\n1004\t2026", length=900), close=True)  # the line breaks instead
    until(lambda: len(site.punched()) == 2, "the line that was whole")
    assert [each[0] for each in site.punched()] == ["1001", "1003"]
    assert "ATTLOGStamp=0\n" in text(site.raw(get("cdata?SN=S1&options=all")))


@pytest.mark.parametrize("pause_s", [0.0, 0.005])
@pytest.mark.parametrize("missing", [1, len(LINE) - 2, len(LINE) + 1, 60])
def test_an_upload_that_announces_less_than_it_sends_is_not_acknowledged(
    site: Site, missing: int, pause_s: float
) -> None:
    body = LINE + b"\n" + LINE.replace(b"1001", b"1002")
    request = post(body, length=len(body) - missing)
    answer = site.raw([request[:-missing], request[-missing:]] if pause_s else request, pause_s=pause_s)
    assert status(answer) == 400, answer
    assert b"OK:" not in answer
    assert {each[0] for each in site.punched()} <= {"1001", "1002"}
    assert text(site.raw(post(body))) == "OK: 2\n"
    assert [each[2] for each in site.punched()] == [1, 1]


def test_bytes_behind_an_upload_that_come_while_it_is_stored_do_not_move_its_stamp(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.raw(get("cdata?SN=S1&options=all"))
    second = LINE.replace(b"1001", b"1002")
    store = site.receiver.receive
    came = threading.Event()

    def receive(*given: Any, **named: Any) -> object:
        stored = store(*given, **named)
        connection.sendall(second)
        came.wait(10)
        return stored

    take = http_protocol.CarefulProtocol.data_received

    def watched(connection: http_protocol.CarefulProtocol, data: bytes) -> None:
        take(connection, data)
        if data == second:
            came.set()

    monkeypatch.setattr(site.receiver, "receive", receive)
    monkeypatch.setattr(http_protocol.CarefulProtocol, "data_received", watched)
    with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE_S) as connection:
        connection.sendall(post(LINE + b"\n", path="cdata?SN=S1&table=ATTLOG&Stamp=77"))
        assert status(connection.recv(65_536)) == 400
    monkeypatch.undo()
    assert "ATTLOGStamp=0\n" in text(site.raw(get("cdata?SN=S1&options=all")))
    assert text(site.raw(post(LINE + b"\n" + second, path="cdata?SN=S1&table=ATTLOG&Stamp=77"))) == "OK: 2\n"
    assert "ATTLOGStamp=77\n" in text(site.raw(get("cdata?SN=S1&options=all")))


def test_the_stamp_of_an_acknowledged_upload_is_on_disk_with_what_is_kept_next(site: Site) -> None:
    site.raw(get("cdata?SN=S1&options=all"))
    site.raw(post(LINE + b"\n", path="cdata?SN=S1&table=ATTLOG&Stamp=77"))
    site.raw(get("ping?SN=S1"))
    site.raw(post(LINE.replace(b"1001", b"1002"), path="cdata?SN=S1&table=ATTLOG&Stamp=78"))
    kept = site.spool.push_state("t1")
    assert kept is not None
    assert kept.attlog_stamp == "77"


@pytest.mark.parametrize("name", ["Stamp", "OpStamp"])
def test_a_terminal_that_sends_passwords_unasked_need_not_send_them_again(site: Site, name: str) -> None:
    assert "OPERLOGStamp=9999\n" in text(site.raw(get("cdata?SN=S1&options=all")))
    site.raw(post(b"USER PIN=1\tPasswd=s3cr3t\n", path=f"cdata?SN=S1&table=OPERLOG&{name}=82983990"))
    assert "OPERLOGStamp=82983990\n" in text(site.raw(get("cdata?SN=S1&options=all")))


def test_behind_a_proxy_a_record_that_breaks_off_is_seen_by_itself(site: Site) -> None:
    assert status(site.raw(post(LINE + b"\n1002\t2026-10-10 08:0"))) == 400
    assert text(site.raw(post(LINE + b"\n\xff\xfe\x00garbage"))) == "OK: 2\n"  # nobody cut that


def test_what_does_not_say_its_length_is_refused_and_chunks_are_taken(site: Site) -> None:
    head = b"POST /iclock/cdata?SN=S1&table=ATTLOG HTTP/1.1\r\nHost: x\r\n"
    assert status(site.raw(head + b"\r\n")) == 411
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(LINE), LINE)
    assert text(site.raw(chunked)) == "OK: 1\n"


def test_a_body_beyond_the_limit_is_refused_before_and_while_it_comes(site: Site) -> None:
    assert status(site.raw(post(b"", length=LIMIT + 1))) == 413
    piece = b"%x\r\n%b\r\n" % (30_000, b"1" * 30_000)
    head = b"POST /iclock/cdata?SN=S1&table=ATTLOG HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status(site.raw(head + piece * 3)) == 413
    assert site.punched() == []


def test_503_says_that_nothing_could_be_stored_and_the_terminal_keeps_its_batch(
    site: Site,
) -> None:
    site.raw(get("cdata?SN=S1&options=all"))
    # A real full disk is in tests/proof/soak/full_disk; here SQLite itself is not let to grow.
    pages = site.spool._db.execute("PRAGMA page_count").fetchone()[0]
    site.spool._db.execute(f"PRAGMA max_page_count = {pages}")
    many = b"".join(b"%d\t2026-10-10 08:01:22\t0\t1\n" % number for number in range(1000, 2500))
    answer = site.raw(post(many, path="cdata?SN=S1&table=ATTLOG&Stamp=77"))
    assert status(answer) == 503, answer
    site.spool._db.execute("PRAGMA max_page_count = 1000000")
    assert site.punched() == []
    assert "ATTLOGStamp=0\n" in text(site.raw(get("cdata?SN=S1&options=all")))
    assert text(site.raw(post(many, path="cdata?SN=S1&table=ATTLOG&Stamp=77"))) == "OK: 1500\n"
    assert len(site.punched()) == 1500


def test_only_serials_of_devices_yaml_are_served_and_others_are_told_once(
    make_site: Callable[..., Site], capfd: pytest.CaptureFixture[str]
) -> None:
    site = make_site(pushing("t1", "S1"), pushing("t2", "S2", push="false"), pushing("t3", "S3", enabled="false"))
    for serial in ("S2", "S3", "S4", "s1", "S1 ", "", "%00", "S4"):
        for request in (get(f"cdata?SN={serial}&options=all"), post(LINE, path=f"cdata?SN={serial}&table=ATTLOG")):
            assert status(site.raw(request.replace(b"SN=S1 ", b"SN=S1%20"))) == 403
    assert site.punched() == []
    lines = [line for line in "".join(capfd.readouterr()).splitlines() if "push.refused" in line]
    assert len(lines) == len({"S2", "S3", "S4", "s1", "unreadable"})
    for number in range(400):
        site.raw(get(f"ping?SN=made-up-{number}"))
    assert "".join(capfd.readouterr()).count("push.refused") <= 256


def test_a_serial_is_taken_from_its_own_network_only(make_site: Callable[..., Site]) -> None:
    near, far = ["127.0.0.0/8"], ["10.20.0.0/16"]
    site = make_site(pushing("t1", "S1", push_from=near), pushing("t2", "S2", push_from=far))
    assert status(site.raw(get("ping?SN=S1"))) == 200
    assert status(site.raw(get("ping?SN=S2"))) == 403
    # Anybody can write this header; it counts from a proxy of agent.yaml alone.
    assert status(site.raw(get("ping?SN=S2", "X-Forwarded-For: 10.20.0.7\r\n"))) == 403
    for told, expected in (("10.20.0.7", 200), ("10.20.0.7, 10.21.0.7", 403), ("", 403)):
        proxy = http.client.HTTPConnection("127.0.0.1", site.port, source_address=("127.0.0.9", 0))
        proxy.request("GET", "/iclock/ping?SN=S2", headers={"X-Forwarded-For": told})
        assert proxy.getresponse().status == expected
        proxy.close()


def test_a_terminal_that_asks_all_the_time_has_to_wait_and_others_need_not(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iclock, "MOST_AT_ONCE", 20.0)
    monkeypatch.setattr(iclock, "MOST_A_SECOND", 0.01)
    site = make_site(pushing("t1", "S1"), pushing("t2", "S2"))
    one, other = site.device("S1"), site.device("S2")
    for _ in range(20):
        assert one.request("GET", "/iclock/ping?SN=S1") == "OK\n"
    with pytest.raises(Unanswered, match="429"):
        one.request("GET", "/iclock/ping?SN=S1")
    assert other.request("GET", "/iclock/ping?SN=S2") == "OK\n"
    one.close()
    other.close()


def test_who_does_not_finish_a_request_is_hung_up_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "REQUEST_WITHIN_S", 0.3)
    assert site.raw([b"GET /iclock/ping?SN=S1 HTTP/1.1\r\n", b"Host: x\r\n"], pause_s=0.05) == b""
    assert site.raw(b"") == b""


def test_headers_without_end_and_what_is_no_http_are_refused(site: Site) -> None:
    assert status(site.raw(get("ping?SN=S1", "X: " + "a" * 70_000 + "\r\n"))) == 400
    assert status(site.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")) == 400
    assert status(site.raw(get("ping?SN=S1"))) == 200


def test_encrypted_uploads_are_refused_and_the_list_of_terminals_says_so(site: Site) -> None:
    assert status(site.raw(post(b"PublicKey=abc", path="exchange?SN=S1&type=publickey"))) == 404
    (told,) = site.notes(TerminalStatus)
    assert "encrypt" in told.state
    site.raw(get("cdata?SN=S1&options=all"))
    (told,) = site.notes(TerminalStatus)
    assert told.state == "ok"


def test_a_host_that_nobody_vouches_for_is_told(make_site: Callable[..., Site]) -> None:
    site = make_site(trusted=False)
    site.raw(get("cdata?SN=S1&options=all"))
    (told,) = site.notes(TerminalStatus)
    assert "clock" in told.state
    assert told.serial == "S1"


def test_what_a_person_asked_for_is_told_once_and_its_answer_kept(site: Site) -> None:
    site.gives_no_count()
    device = site.device()
    site.spool.ask("t1", "info", by="siti")
    assert site.spool.ask("t1", "info", by="siti") == 1  # it waits already
    assert device.beat() == "C:1:INFO\n"
    assert device.beat() == "OK\n"
    (asked,) = site.spool.push_requests()
    assert (asked.returned, asked.asked_by) == (0, "siti")
    device.close()


def test_asked_for_everything_a_terminal_sends_all_of_its_log_again(site: Site) -> None:
    site.gives_no_count()
    device = site.device()
    device.greet()
    for number in range(3):
        device.punch(f"{number}", utc_now() - timedelta(hours=3 - number))
    device.upload()
    number = site.spool.ask("t1", "reupload", by="siti")
    assert device.beat() == f"C:{number}:CHECK\n"
    assert device.acknowledged == set()
    assert site.spool.push_requests("t1") == []
    device.upload()
    assert len(site.punched()) == 3
    assert device.beat() == "OK\n"
    device.close()


def test_a_command_whose_answer_does_not_come_is_sent_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.gives_no_count()
    site.spool.ask("t1", "info", by="siti")
    assert text(site.raw(get("getrequest?SN=S1"))) == "C:1:INFO\n"
    assert text(site.raw(get("getrequest?SN=S1"))) == "OK\n"
    later = utc_now() + timedelta(minutes=6)
    monkeypatch.setattr(site, "now", lambda: later)
    assert text(site.raw(get("getrequest?SN=S1"))) == "C:1:INFO\n"
    assert text(site.raw(post(b"ID=1&Return=-1&CMD=INFO", path="devicecmd?SN=S1"))) == "OK\n"
    assert site.spool.push_requests("t1") == []


def test_nobody_answers_for_another_terminal(make_site: Callable[..., Site]) -> None:
    site = make_site(pushing("t1", "S1"), pushing("t2", "S2"))
    site.spool.ask("t1", "info", by="siti")
    site.raw(get("getrequest?SN=S1"))
    site.raw(post(b"ID=1&Return=0&CMD=INFO", path="devicecmd?SN=S2"))
    assert len(site.spool.push_requests("t1")) == 1


def test_a_poll_that_tells_of_the_terminal_is_noted(site: Site) -> None:
    site.raw(get("getrequest?SN=S1&INFO=Ver%208.0.1,5,2,100,192.168.1.201"))
    (told,) = site.notes(TerminalStatus)
    assert (told.firmware, told.users, told.records) == ("Ver 8.0.1", 5, 100)


def test_a_terminal_of_another_agent_is_refused_and_nothing_of_it_is_stored(site: Site) -> None:
    site.spool.learn_owners({"t1": "another"})
    answer = site.raw(post(LINE))
    assert status(answer) == 403
    assert "terminal accept t1" in text(answer)
    assert site.punched() == []


def test_no_pin_is_logged(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.raw(post(b"987654321\t2026-10-10 08:01:22\n987654322\t2026-02-30 08:00:00\n"))
    site.raw(post(b"987654323\t2026-10-10 08:0"))
    logged = "".join(capfd.readouterr())
    assert "push.stored" in logged
    assert "98765432" not in logged


def test_uploads_of_a_serial_that_another_id_is_read_under_are_refused_and_not_stored(
    make_site: Callable[..., Site],
) -> None:
    """Each punch would count twice: under the id it is read under, and under the one that pushes."""
    site = make_site(pushing("gate", "S1"))
    site.spool.remember(TerminalMemory("hall", serial="S1"))
    assert status(site.raw(post(LINE + b"\n"))) == 403
    assert site.punched() == []
    site.spool.remember(TerminalMemory("hall", serial="S2"))
    assert status(site.raw(post(LINE + b"\n"))) == 200
    assert [pin for pin, _, _ in site.punched()] == ["1001"]


def test_a_clock_that_is_behind_is_told_of_once_record_after_record_comes_as_late(site: Site) -> None:
    """Four records, each alone and 20 minutes old when it comes; who catches up sends ever newer ones."""

    def told(age_s: int) -> str:
        clock = (utc_now() - timedelta(seconds=age_s)).astimezone(ZoneInfo(ZONE))
        line = f"1001\t{clock:%Y-%m-%d %H:%M:%S}\t0\t1\t0\t0\t0\n"
        assert status(site.raw(post(line.encode()))) == 200
        return str(site.notes(TerminalStatus)[-1].state)

    states = [told(1230 - number) for number in range(4)]
    assert "20 minutes old when it comes: it is catching up, or its clock is behind" in states[0]
    assert all("20 minutes old when it comes: its clock is behind" in each for each in states[1:])
    assert "10 minutes old when it comes: it is catching up" in told(630)
    assert "minutes old" not in told(5)
