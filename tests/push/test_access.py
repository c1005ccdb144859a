"""Terminals in access-control mode over real sockets, by the vendor's papers and captures; what each must become."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.terminals.push_access import PUNCH_CODES
from tests.push.conftest import Site, pushing
from tests.push.test_http import get, post, status, text

CAPTURES = {
    each["id"]: each for each in json.loads((Path(__file__).parents[1] / "captures" / "push-security.json").read_text())
}
AT = datetime(2026, 11, 30, 0, 21, 9, tzinfo=UTC)
"""07:21:09 in Jakarta, as the captures have it."""
FACE = "time=2026-11-30 07:21:09\tpin=4711\tcardno=0\teventaddr=1\tevent=0\tinoutstatus=0\tverifytype=15\tindex=140"


def sent(site: Site, name: str) -> bytes:
    head, _, body = CAPTURES[name]["raw"].partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not line.startswith(("Content-Length", "Connection"))]
    return site.raw("\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body.encode())


def site_of(name: str, make_site: Callable[..., Site]) -> Site:
    found = re.search(r"SN=(\w+)", CAPTURES[name]["raw"])
    assert found is not None
    made = make_site(pushing("t1", found[1], timezone="Asia/Jakarta"))
    made.now = lambda: AT
    return made


def rtlog(site: Site, *lines: str) -> bytes:
    return site.raw(post("\r\n".join((*lines, "")).encode(), path="cdata?SN=S1&table=rtlog"))


def state(site: Site) -> str:
    (told,) = site.notes(TerminalStatus)
    return str(told.state)


def gives_no_count(site: Site) -> None:
    """What it proves rests on its word then."""
    asked = text(site.raw(get("getrequest?SN=S1")))
    assert asked.endswith(":DATA COUNT transaction\n")
    answer = f"ID={asked.split(':')[1]}&Return=-1&CMD=DATA COUNT\n"
    assert text(site.raw(post(answer.encode(), path="devicecmd?SN=S1"))) == "OK\n"


def apart(site: Site) -> list[str]:
    return [str(each.reason) for each in site.notes(Quarantined)]


def punched(site: Site) -> list[tuple[str, str, int, int]]:
    return [
        (each.pin, each.clock.isoformat(sep=" "), each.state, each.verify)
        for each in site.spool.waiting(10_000).punches
    ]


@pytest.mark.parametrize("name", [name for name, each in CAPTURES.items() if "punches" in each["expect"]])
def test_every_capture_becomes_the_punches_that_it_is(name: str, make_site: Callable[..., Site]) -> None:
    site = site_of(name, make_site)
    wanted = CAPTURES[name]["expect"]
    if name == "psh10":
        sent(site, "psh04")
    sent(site, name)
    answer = sent(site, name)  # terminals repeat
    assert status(answer) == wanted["status"]
    if name not in ("psh02", "psh14"):
        assert text(answer).rstrip("\n") == wanted["answer"]
    right = [
        (each["pin"], each["time"], int(each["state"]), 255 if len(each["verify"]) == 16 else int(each["verify"]))
        for each in wanted["punches"]
    ]
    assert [each for each in punched(site) if name != "psh10" or each[0] != "4711"] == right
    told = apart(site)
    for each in wanted.get("set_apart", ()):
        assert any(f"PIN {each['pin']} at {each['time']}, event {each['code']} (" in reason for reason in told), told
    assert len(told) == len(wanted.get("set_apart", ())) + len(wanted.get("quarantine", ()))
    for header in wanted.get("headers", ()):
        assert header.partition(" (")[0].lower().encode() in answer.lower()


def test_an_access_terminal_is_registered_and_told_its_parameters(make_site: Callable[..., Site]) -> None:
    site = site_of("psh01", make_site)
    first = text(sent(site, "psh01")).splitlines()
    again = text(sent(site, "psh03")).splitlines()
    assert first[0] == "registry=ok"
    assert "registry=ok" not in again
    for told, name in ((first, "psh01"), (again, "psh03")):
        wanted = [line.partition("=")[0] for line in CAPTURES[name]["expect"]["answer_lines"]]
        assert [line.partition("=")[0] for line in told] == wanted
        assert not any(word in line for line in told for word in CAPTURES[name]["expect"]["never"])
    told = dict(line.split("=") for line in first)
    assert text(sent(site, "psh02")) == f"RegistryCode={told['RegistryCode']}\n"
    assert f"SessionID={told['SessionID']}" in again
    memory = site.spool.push_state("t1")
    assert memory is not None
    assert memory.firmware == "Ver 9.9.9-20260101"
    assert text(site.raw(get("cdata?SN=TSTA000000001&options=all"))).startswith("registry=ok\n")  # it is known by now
    assert "in access-control mode" in state(site)
    assert "GET OPTION" in text(site.raw(get("cdata?SN=TSTA000000001&options=all&DeviceType=att")))


def test_the_time_is_told_packed_and_in_gmt(make_site: Callable[..., Site]) -> None:
    site = site_of("psh12", make_site)
    assert text(sent(site, "psh12")) == CAPTURES["psh12"]["expect"]["answer"]


def test_a_serial_that_nobody_knows_is_refused_as_the_vendor_does(site: Site) -> None:
    assert status(site.raw(post(b"DeviceType=acc,~DeviceName=X", path="registry?SN=UNKNOWN"))) == 406


def test_a_user_upload_is_answered_by_its_number_and_kept_nowhere(make_site: Callable[..., Site]) -> None:
    site = site_of("psh08", make_site)
    assert text(sent(site, "psh08")) == "user=2\n"
    no_count = site.raw(
        post(b"user uid=1\tpin=1\nuser uid=2\tpin=2\n", path="cdata?SN=TSTA000000001&table=tabledata&tablename=user")
    )
    assert text(no_count) == "user=2\n"
    assert b"135790" not in site.path.read_bytes()


@pytest.mark.parametrize("code", [*sorted(PUNCH_CODES), 20, 23, 27, 46, 101, 200, 206, 4001, 9999])
@pytest.mark.parametrize("pin", ["4711", "0", ""])
def test_a_person_is_a_punch_or_set_apart_and_nobody_is_counted(site: Site, code: int, pin: str) -> None:
    line = FACE.replace("event=0", f"event={code}").replace("pin=4711", f"pin={pin}")
    assert text(rtlog(site, line)) == "OK\n"
    is_punch = pin == "4711" and code in PUNCH_CODES
    assert bool(punched(site)) == is_punch
    assert bool(apart(site)) == (pin == "4711" and not is_punch)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("verifytype=15", "verifytype=200"), "PIN 4711"),
        (("\tevent=0", ""), "without an event code"),
        (("event=0", "event=27E"), "without an event code"),
        (("time=2026-11-30 07:21:09", "time=1795998069"), "no packed time"),
        (("time=2026-11-30 07:21:09", "time_second=1795998069"), "no packed time"),
        (("time=2026-11-30 07:21:09", "time=2026-02-31 07:21:09"), "does not exist"),
        (("pin=4711\tcardno=0", "pin=0\tcardno=12345"), "names no PIN"),
        (("index=140", "pin=4712"), "differently"),
        (("pin=4711", "nomor=4711"), "names no PIN"),
    ],
)
def test_what_is_unclear_waits_with_its_bytes(site: Site, change: tuple[str, str], why: str) -> None:
    line = FACE.replace(*change)
    assert text(rtlog(site, line)) == "OK\n"
    assert punched(site) == []
    (kept,) = site.notes(Quarantined)
    assert why in kept.reason
    assert kept.raw == line.encode()


def test_the_same_record_live_and_later_is_one_punch(site: Site) -> None:
    rtlog(site, FACE)
    later = "transaction cardno=0\tpin=4711\tverified=15\teventtype=3\tinoutstate=0\ttime_second=864976869\tindex=7"
    answer = site.raw(post(later.encode(), path="cdata?SN=S1&table=tabledata&tablename=Transaction&count=1"))
    assert text(answer) == "Transaction=1\n"
    assert len(punched(site)) == 1


def test_empty_uploads_of_a_busy_door_are_never_told_to_wait(site: Site) -> None:
    answers = {status(rtlog(site)) for _ in range(3)}
    for _ in range(130):
        answers.add(status(site.raw(post(b"", path="cdata?SN=S1&table=rtlog"))))
    assert answers == {200}


def test_an_order_to_send_everything_again_is_a_query_and_ends_with_its_last_packet(
    make_site: Callable[..., Site],
) -> None:
    site = site_of("psh11a", make_site)
    site.raw(get("cdata?SN=TSTB000000002&options=all&DeviceType=acc"))
    for _ in range(7):
        number = site.spool.ask("t1", "reupload", by="siti")
        if number == 7:
            break
        site.spool.sent(site.spool.push_requests("t1")[0])
        site.spool.answered("t1", number, 0)
    assert text(site.raw(get("getrequest?SN=TSTB000000002"))) == (
        "C:7:DATA QUERY tablename=transaction,fielddesc=*,filter=*\n"
    )
    sent(site, "psh11a")
    assert [each.number for each in site.spool.push_requests("t1")] == [7]
    sent(site, "psh11b")
    assert site.spool.push_requests("t1") == []


def test_a_question_whether_somebody_may_pass_is_kept_and_answered_by_nothing(site: Site) -> None:
    answer = site.raw(post(FACE.encode(), path="cdata?SN=S1&AuthType=device"))
    assert text(answer) == "AUTH=TIMEOUT\n"
    assert punched(site) == []
    assert len(apart(site)) == 1


def test_who_is_set_apart_comes_with_the_punch_it_would_be_and_takes_nothing_from_the_proof(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(pushing("t1", "S1", timezone="Asia/Jakarta"))
    site.now = lambda: AT
    site.raw(get("cdata?SN=S1&options=all&DeviceType=acc"))
    gives_no_count(site)
    for minutes, code in ((0, 0), (5, 23), (9, 3)):
        at = AT + timedelta(minutes=minutes)
        site.now = lambda at=at: at
        local = (at + timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S")
        rtlog(site, FACE.replace("2026-11-30 07:21:09", local).replace("event=0", f"event={code}"))
    assert [(note.start, note.end) for note in site.notes(Coverage)] == [(AT, AT + timedelta(minutes=7))]
    (kept,) = site.notes(Quarantined)
    assert (kept.code, kept.apart.punch_id) == ("23", "t1/4711/2026-11-30T07:26:09/1")
    assert (kept.apart.at, kept.apart.verify, kept.apart.raw) == (AT + timedelta(minutes=5), 15, kept.raw)


@pytest.mark.parametrize("clock", ["2000-01-01 07:21:09", "2026-12-24 07:21:09"])
def test_who_is_set_apart_at_no_time_that_a_punch_may_have_leaves_a_hole_between_its_neighbours(
    make_site: Callable[..., Site], clock: str
) -> None:
    site = make_site(pushing("t1", "S1", timezone="Asia/Jakarta"))
    site.now = lambda: AT
    site.raw(get("cdata?SN=S1&options=all&DeviceType=acc"))
    gives_no_count(site)
    rtlog(site, FACE)
    then = AT + timedelta(minutes=9)
    site.now = lambda: then
    last = FACE.replace("07:21:09", "07:30:09")
    rtlog(site, FACE.replace("2026-11-30 07:21:09", clock).replace("event=0", "event=23"), last)
    (kept,) = site.notes(Quarantined)
    assert kept.apart is None
    assert site.notes(Coverage) == []
