"""Uploads that nobody here can read, over real sockets: what a terminal is told it may forget is not thrown away."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.terminals.push_kinds import PAGES_WITHOUT_PUNCHES, TABLES_WITHOUT_PUNCHES
from ekinerja_agent.usecases.collecting import push_unread
from ekinerja_agent.web import iclock
from tests.proof.english import english_in
from tests.push.conftest import LIMIT, ZONE, Site, pushing
from tests.push.test_http import get, post, status, text

FACE = b"time=2026-11-30 07:21:09\tpin=4711\tcardno=0\teventaddr=1\tevent=0\tinoutstatus=0\tverifytype=15\tindex=140"
ANY_ORDER = b"index=77\tverifytype=1\tpin=2002\tevent=0\tinoutstatus=1\ttime=2026-11-30 07:21:09\tcardno=0"
REFUSED_TRY = FACE.replace(b"event=0", b"event=23")
OFFLINE = b"transaction cardno=0\tpin=4712\tverified=15\tdoorid=1\teventtype=0\tinoutstate=0\ttime_second=847000000"
PERSON = b"user uid=1\tcardno=\tpin=1\tpassword=s3cr3t\tname=Uji\tprivilege=0"
COLUMNS = b"4715\t2026-11-30 07:21:09\t0\t4"
WORD_FIRST = b"ATTLOG\t4717\t2026-11-30 07:21:09\t0\t4\t0"

PUNCHLESS = {
    *("operlog", "options", "rtstate", "irstate", "errorlog", "remoteatt"),
    *("user", "userinfo", "extuser", "mulcarduser", "idcard", "identitycard"),
    *("templatev10", "biodata", "biophoto", "userpic", "attphoto"),
}
PUNCHLESS_PAGES = {"fdata", "devicecmd", "registry", "exchange"}
"""All that may be thrown away. A new one takes its reason in docs/push.md and a line here."""


def unknown(body: bytes, table: str = "sesuatubaru") -> bytes:
    return post(body, path=f"cdata?SN=S1&table={table}")


def raw(site: Site) -> list[bytes]:
    """The bytes that wait in quarantine."""
    return [each.raw for each in site.notes(Quarantined)]


def state(site: Site) -> str:
    (told,) = site.notes(TerminalStatus)
    return str(told.state)


def test_what_may_be_thrown_away_is_a_list_that_people_can_read() -> None:
    assert set(TABLES_WITHOUT_PUNCHES) == PUNCHLESS
    assert set(PAGES_WITHOUT_PUNCHES) == PUNCHLESS_PAGES
    page = (Path(__file__).parents[2] / "docs" / "push.md").read_text()
    assert [name for name in PUNCHLESS | PUNCHLESS_PAGES if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("cdata?SN=S1&table=sesuatubaru", FACE + b"\r\n", "sesuatubaru"),
        ("cdata?SN=S1&table=SESUATUBARU", ANY_ORDER + b"\n" + REFUSED_TRY + b"\n", "sesuatubaru"),
        ("cdata?SN=S1&table=tabledata&tablename=attlog", COLUMNS, "tabledata"),
        ("cdata?SN=S1&table=tabledata", OFFLINE, "tabledata"),
        ("fdata?SN=S1&table=tabledata", OFFLINE, "tabledata"),
        ("cdata?SN=S1&table=/registry", FACE, "/registry"),
        ("cdata?SN=S1&table=tabledata&tablename=/fdata", FACE, "/fdata"),
        ("querydata?SN=S1&type=count", b"transaksi=7", "tabledata"),
        ("querydata?SN=S1&table=sesuatubaru&tablename=user", FACE, "sesuatubaru"),
        ("cdata?SN=S1&table=sesuatubaru", FACE, "sesuatubaru"),
        ("cdata?SN=S1&table=sesuatubaru&table=OPERLOG", FACE, "sesuatubaru?operlog"),
        ("fdata?SN=S1&table=sesuatubaru", FACE, "sesuatubaru"),
        ("rtdata?sn=S1&type=time", FACE, "/rtdata"),
        ("iclock/cdata.aspx?SN=S1&Table=sesuatubaru", FACE, "sesuatubaru"),
        ("CDATA/?sn=S1&TABLE=sesuatubaru", FACE, "sesuatubaru"),
        ("file?SN=S1&fileseq=1", FACE, "/file"),
        ("ping?SN=S1", FACE, "/ping"),
        ("devicecmd?SN=S1", COLUMNS, "/devicecmd"),
        ("cdata?SN=S1&table=<b>%00%1b`;x", FACE, "?b?????x"),
    ],
)
def test_what_nobody_here_can_read_is_kept_raw_before_it_is_answered(
    site: Site, path: str, body: bytes, name: str
) -> None:
    assert text(site.raw(post(body, path=path))) == "OK\n"
    assert raw(site) == body.splitlines()
    assert site.punched() == []
    for found in site.notes(Quarantined):
        assert (found.terminal, found.source) == ("t1", Source.PUSH)
        assert found.reason == (
            f"an upload `{name}`, which this version does not read; its bytes are kept, and may be punches"
        )
        assert english_in(translate_to("id")(found.reason)) == []
    assert f"`{name}`" in state(site)
    before = len(site.notes(Quarantined))
    assert text(site.raw(post(body, path=path))) == "OK\n"
    assert len(site.notes(Quarantined)) == before


def test_one_more_line_of_a_batch_that_comes_again_is_one_more_record(site: Site) -> None:
    site.raw(unknown(FACE + b"\n"))
    site.raw(unknown(FACE + b"\n" + ANY_ORDER + b"\r\n\r\n\0\0"))
    assert raw(site) == [FACE, ANY_ORDER]
    site.raw(unknown(FACE, table="lain"))  # another table: another record
    assert raw(site) == [FACE, ANY_ORDER, FACE]


@pytest.mark.parametrize("body", [b"", b"\n", b"\0\0\r\n\t "])
def test_a_heartbeat_is_kept_nowhere_and_told_of_to_nobody(site: Site, body: bytes) -> None:
    assert text(site.raw(unknown(body))) == "OK\n"
    assert raw(site) == []
    assert state(site) == "ok"


@pytest.mark.parametrize("table", ["table=ATTLOG&Stamp=9", "table=attlog", ""])
def test_named_fields_in_the_attendance_log_are_read_and_stop_no_other_line(site: Site, table: str) -> None:
    bad = b"pin=4714\ttime=2026-11-30 07:30:15"
    body = b"\n".join([FACE, ANY_ORDER, WORD_FIRST, bad, COLUMNS, b""])
    assert text(site.raw(post(body, path=f"cdata?SN=S1&{table}"))) == "OK: 5\n"
    assert [pin for pin, _, _ in site.punched()] == ["4711", "2002", "4717", "4715"]
    assert raw(site) == [bad]  # without an event code it may be anything


def test_the_stamp_of_an_upload_without_a_table_is_not_that_of_the_log(site: Site) -> None:
    site.raw(get("cdata?SN=S1&options=all"))
    site.raw(post(COLUMNS + b"\n", path="cdata?SN=S1&Stamp=77"))
    assert "ATTLOGStamp=0\n" in text(site.raw(get("cdata?SN=S1&options=all")))


def packed(lines: bytes) -> bytes:
    """A tar file with one member, as `ContentType=tgz` announces it."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        member = tarfile.TarInfo("data.txt")
        member.size = len(lines)
        tar.addfile(member, io.BytesIO(lines))
    return target.getvalue()


@pytest.mark.parametrize("table", ["ATTLOG&ContentType=tgz", "sesuatubaru&ContentType=tgz"])
def test_what_is_packed_is_kept_whole(site: Site, table: str) -> None:
    body = packed(FACE + b"\n" + COLUMNS + b"\n")
    assert status(site.raw(unknown(body, table=table))) == 200
    assert raw(site) == [body]
    assert status(site.raw(unknown(body, table=table))) == 200
    assert raw(site) == [body]
    assert "`" in state(site)


def test_lines_beside_bytes_of_no_text_are_punches_and_the_whole_is_kept(site: Site) -> None:
    body = COLUMNS + b"\n\x01\x02\r\r\n\x03" + FACE + b"\n"
    assert status(site.raw(post(body))) == 200
    assert site.punched() == [("4715", "2026-11-30T07:21:09", 1)]
    assert raw(site) == [body]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "br"])
def test_a_compressed_upload_is_kept_as_it_was_before_or_as_it_came(site: Site, encoding: str) -> None:
    body = b"\x8b\x02\x80" + FACE if encoding == "br" else gzip.compress(FACE)
    answer = site.raw(post(body, path="cdata?SN=S1&table=sesuatubaru", more=f"Content-Encoding: {encoding}\r\n"))
    assert status(answer) == 200
    assert raw(site) == [body if encoding == "br" else FACE]
    damaged = post(gzip.compress(OFFLINE)[:-3], path="cdata?SN=S1&table=sesuatubaru", more="Content-Encoding: gzip\r\n")
    assert status(site.raw(damaged)) == 400
    assert len(raw(site)) == 1


@pytest.mark.parametrize(
    ("path", "answer"), [("cdata?SN=S1&table=sesuatubaru", "OK\n"), ("push?SN=S1", "ServerVersion=")]
)
def test_what_has_another_length_than_it_says_is_never_acknowledged(
    site: Site, path: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iclock, "CHUNK_WITHIN_S", 0.3)
    body = FACE + b"\n" + ANY_ORDER
    assert status(site.raw(post(body, path=path, length=len(body) + 40))) == 400
    assert raw(site) == [FACE]  # the last line may have lost its end
    whole = post(body, path=path, length=len(body) - 30)
    assert status(site.raw(whole)) == 400
    assert status(site.raw([whole[:-30], whole[-30:]], pause_s=0.005)) == 400
    assert text(site.raw(post(body, path=path))).startswith(answer)
    assert ANY_ORDER in raw(site)
    page, _, query = path.partition("?")
    head = f"POST /iclock/{page}?{query} HTTP/1.1\r\nHost: x\r\n".encode()
    if page == "cdata":
        assert status(site.raw(head + b"\r\n" + FACE)) == 411
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(OFFLINE), OFFLINE)
    assert text(site.raw(chunked)).startswith(answer)
    assert OFFLINE in raw(site)


def test_what_is_larger_than_the_limit_stays_in_the_terminal(site: Site) -> None:
    assert status(site.raw(unknown(b"x" * (LIMIT + 1)))) == 413
    assert status(site.raw(post(b"x" * (LIMIT + 1), path="push?SN=S1"))) == 413
    assert raw(site) == []


def test_what_a_request_brings_that_should_only_ask_is_kept_too(site: Site) -> None:
    for path in ("getrequest?SN=S1", "ping?SN=S1", "cdata?SN=S1&options=all"):
        request = get(path, f"Content-Length: {len(FACE)}\r\n") + FACE
        assert status(site.raw(request)) == 200
    assert raw(site) == [FACE] * 3
    query = "SN=S1&table=sesuatubaru&pin=4711&time=2026-11-30%2007:21:09"
    assert status(site.raw(get(f"cdata?{query}"))) == 200
    assert raw(site)[3:] == [query.encode()]
    assert status(site.raw(get("cdata?SN=S1&table=RemoteAtt&PIN=4711"))) == 200
    assert status(site.raw(get("cdata?SN=S1&options=all&table=options"))) == 200
    assert len(raw(site)) == 4
    assert status(site.raw(get("whatever?SN=S1&pin=4711"))) == 404


def test_nothing_is_kept_of_people_and_pictures(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for table in sorted(PUNCHLESS - {"operlog", "options"}):
        assert text(site.raw(post(PERSON, path=f"cdata?SN=S1&table={table}"))) == "OK\n"
        inner = f"cdata?SN=S1&table=tabledata&tablename={table.title()}&count=1"
        assert text(site.raw(post(PERSON, path=inner))) == f"{table.title()}=1\n"
        query = f"querydata?SN=S1&type=tabledata&cmdid=7&tablename={table}&count=1&packcnt=1&packidx=1"
        assert text(site.raw(post(PERSON, path=query))) == f"{table}=1\n"
    picture = b"PIN=20261130072109-4711.jpg\nSN=S1\nsize=4\nCMD=uploadphoto\0\xff\xd8s3cr3t"
    assert text(site.raw(post(picture, path="fdata?SN=S1"))) == "OK\n"
    assert text(site.raw(post(picture, path="fdata?SN=S1&table=ATTPHOTO"))) == "OK\n"
    assert status(site.raw(post(b"DeviceType=acc,authKey=s3cr3t", path="registry?SN=S1"))) == 200
    assert state(site) == "ok"
    site.spool.close()
    kept = b"".join(path.read_bytes() for path in site.path.parent.glob("spool.db*"))
    assert b"s3cr3t" not in kept
    assert b"s3cr3t".hex().encode() not in kept
    assert "s3cr3t" not in caplog.text + "".join(capfd.readouterr())


def test_no_pin_of_what_nobody_can_read_is_logged(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.raw(unknown(FACE.replace(b"4711", b"987654321")))
    site.raw(post(FACE.replace(b"4711", b"987654321")))
    logged = "".join(capfd.readouterr())
    assert "push.stored" in logged
    assert "987654321" not in logged


def test_where_nothing_can_be_stored_nothing_is_acknowledged(site: Site) -> None:
    site.raw(get("cdata?SN=S1&options=all"))
    pages = site.spool._db.execute("PRAGMA page_count").fetchone()[0]
    site.spool._db.execute(f"PRAGMA max_page_count = {pages}")
    many = b"".join(FACE.replace(b"140", b"%d" % number) + b"\n" for number in range(300))
    assert status(site.raw(unknown(many))) == 503
    assert status(site.raw(post(many, path="push?SN=S1"))) == 503
    site.spool._db.execute("PRAGMA max_page_count = 1000000")
    assert raw(site) == []
    assert text(site.raw(unknown(many))) == "OK\n"
    assert raw(site) == many.splitlines()


def test_a_terminal_of_another_agent_is_refused_and_nothing_of_it_is_kept(site: Site) -> None:
    site.spool.learn_owners({"t1": "another"})
    assert status(site.raw(unknown(FACE))) == 403
    assert raw(site) == []


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_unread, "MOST_KEPT_MIB", 1)
    monkeypatch.setattr(iclock, "MOST_AT_ONCE", 10_000.0)


def flood(site: Site) -> Iterator[bytes]:
    """Upload ever new lines until one batch is refused; yield the batches that were taken, last the refused one."""
    for batch in range(200):
        lines = b"".join(FACE.replace(b"140", b"%d" % (1000 * batch + number)) + b"\n" for number in range(200))
        answer = site.raw(unknown(lines))
        yield lines
        if status(answer) != 200:
            assert status(answer) == 503
            assert "1 MiB in 30 days" in text(answer)
            return
    raise AssertionError("the disk would be full now")


@pytest.mark.usefixtures("little_room")
def test_a_flood_ends_with_refusals_that_people_see_and_no_punch_is_lost(site: Site) -> None:
    *taken, refused = flood(site)
    kept = raw(site)
    assert kept == b"".join(taken).splitlines()
    assert sum(map(len, kept)) < 1 << 20
    assert "refused and stays in it" in state(site)
    assert text(site.raw(unknown(taken[0]))) == "OK\n"  # what is kept already need not stay in the terminal
    assert text(site.raw(post(COLUMNS + b"\n"))) == "OK: 1\n"
    bad = b"".join(b"%d\tnobody can read this\n" % number for number in range(300))
    answer = site.raw(post(COLUMNS.replace(b"4715", b"4716") + b"\n" + bad))
    assert status(answer) == 503  # bad lines are not kept either, so they are not acknowledged
    assert [each[0] for each in site.punched()] == ["4715", "4716"]
    assert raw(site) == kept
    assert "refused and stays in it" in state(site)
    later = utc_now() + timedelta(days=30)
    site.now = lambda: later
    assert text(site.raw(unknown(refused))) == "OK\n"
    assert raw(site) == [*kept, *refused.splitlines()]
    assert "refused" not in state(site)


@pytest.mark.usefixtures("little_room")
def test_many_short_lines_fill_no_disk_and_another_terminal_has_room_of_its_own(make_site: Callable[..., Site]) -> None:
    site = make_site(pushing("t1", "S1"), pushing("t2", "S2"))
    assert status(site.raw(unknown(b"".join(b"%x\n" % number for number in range(8_000))))) == 503
    assert raw(site) == []
    assert text(site.raw(post(FACE, path="cdata?SN=S2&table=sesuatubaru"))) == "OK\n"


def test_a_text_of_very_many_lines_is_kept_whole(site: Site) -> None:
    body = b"".join(b"\n" if number % 2 else b"1\n" for number in range(push_unread.MOST_LINE_ENDS + 1))
    assert text(site.raw(unknown(body))) == "OK\n"
    assert raw(site) == [body]
    assert text(site.raw(unknown(b"\n" * (push_unread.MOST_LINE_ENDS + 1)))) == "OK\n"
    assert raw(site) == [body]


def test_what_is_kept_and_how_much_is_known_after_a_restart(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.raw(unknown(FACE))
    site.stop()
    again = make_site()
    before = again.spool.unread_uploads("t1")
    assert before.kept_bytes == len(FACE) + push_unread.RECORD_BYTES
    assert text(again.raw(unknown(FACE))) == "OK\n"
    assert raw(again) == [FACE]
    assert again.spool.unread_uploads("t1").kept_bytes == before.kept_bytes


def test_people_are_told_for_a_day(site: Site) -> None:
    began = utc_now()
    site.now = lambda: began
    site.raw(unknown(FACE))
    site.now = lambda: began + timedelta(hours=23)
    site.raw(get("ping?SN=S1"))
    assert "`sesuatubaru`" in state(site)
    site.now = lambda: began + timedelta(hours=25)
    site.raw(get("ping?SN=S1"))
    assert state(site) == "ok"


def test_a_whole_upload_does_not_travel_to_central_with_thousands_of_others(site: Site) -> None:
    bodies = [bytes([1, number]) * (LIMIT // 2) for number in range(40)]
    for body in bodies:
        assert text(site.raw(unknown(body))) == "OK\n"
    first = [note for note in site.spool.waiting(2_000).notes if isinstance(note, Quarantined)]
    assert 0 < len(first) < len(bodies)
    with closing(sqlite3.connect(site.path)) as db:
        assert db.execute("SELECT count(*) FROM notes WHERE kind = 'Quarantined'").fetchone() == (len(bodies),)


NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOO_LONG = b"x" * (LIMIT + 1)
HEAD = b"POST /iclock/cdata?SN=S1&table=sesuatubaru HTTP/1.1\r\nHost: x\r\n"


def vouched(site: Site, *refused: bytes) -> list[tuple[datetime, datetime]]:
    """What is vouched for by uploads as it happens, five minutes apart; after two of them these come."""

    def punch(minute: int) -> None:
        at = NOON + minute * MINUTE
        site.now = lambda: at
        line = f"1\t{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}\n".encode()
        assert status(site.raw(post(line))) == 200

    site.now = lambda: NOON
    site.raw(get("cdata?SN=S1&options=all"))
    site.gives_no_count()
    punch(0)
    punch(5)
    site.now = lambda: NOON + 7 * MINUTE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iclock, "CHUNK_WITHIN_S", 0.3)
        patch.setattr(push_unread, "MOST_KEPT_MIB", 0)
        for request in refused:
            assert status(site.raw(request)) in (400, 411, 413, 503)
    punch(10)
    return [(note.start, note.end) for note in site.notes(Coverage)]


@pytest.mark.parametrize(
    "refused",
    [
        unknown(TOO_LONG),
        post(TOO_LONG, path="push?SN=S1"),
        unknown(FACE),
        post(FACE, path="getrequest?SN=S1"),
        post(TOO_LONG, path="cdata?SN=S1"),
        get("cdata?SN=S1&options=all", f"Content-Length: {LIMIT + 1}\r\n") + TOO_LONG,
        get("ping?SN=S1", "Content-Length: 3\r\n") + b"abc",
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 900\r\n\r\n" + FACE,
        HEAD + b"Content-Length: 9\r\n\r\n" + FACE,
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + FACE[:9],
    ],
)
def test_the_time_before_an_upload_that_was_refused_is_vouched_for_by_no_other(site: Site, refused: bytes) -> None:
    proven = [(NOON, NOON + 3 * MINUTE), (NOON + 7 * MINUTE, NOON + 8 * MINUTE)]
    assert vouched(site, refused) == proven


def test_what_is_refused_because_too_much_comes_or_the_disk_is_full_leaves_the_same_hole(
    bottomless: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bottomless
    first = vouched(site)[-1]
    assert first == (NOON + 3 * MINUTE, NOON + 8 * MINUTE)
    site.now = lambda: NOON + 11 * MINUTE
    with monkeypatch.context() as patch:
        patch.setattr(iclock, "MOST_AT_ONCE", 0.0)
        assert status(site.raw(unknown(FACE))) == 429
    line = f"1\t{(NOON + 14 * MINUTE).astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}\n".encode()
    site.now = lambda: NOON + 14 * MINUTE
    assert status(site.raw(post(line))) == 200
    (last,) = [(note.start, note.end) for note in site.notes(Coverage) if note.start > NOON + 8 * MINUTE]
    assert last == (NOON + 11 * MINUTE, NOON + 12 * MINUTE)
    site.now = lambda: NOON + 15 * MINUTE
    pages = site.spool._db.execute("PRAGMA page_count").fetchone()[0]
    site.spool._db.execute(f"PRAGMA max_page_count = {pages}")
    many = b"".join(FACE.replace(b"140", b"%d" % number) + b"\n" for number in range(300))
    assert status(site.raw(unknown(many))) == 503
    site.spool._db.execute("PRAGMA max_page_count = 1000000")
    line = f"1\t{(NOON + 18 * MINUTE).astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}\n".encode()
    site.now = lambda: NOON + 18 * MINUTE
    assert status(site.raw(post(line))) == 200
    (last,) = [(note.start, note.end) for note in site.notes(Coverage) if note.start > NOON + 12 * MINUTE]
    assert last == (NOON + 15 * MINUTE, NOON + 16 * MINUTE)


def test_what_is_known_to_hold_no_punch_leaves_no_hole_when_it_is_refused(site: Site) -> None:
    photo = post(TOO_LONG, path="cdata?SN=S1&table=ATTPHOTO")
    assert vouched(site, photo, post(TOO_LONG, path="fdata?SN=S1"))[1:] == [(NOON + 3 * MINUTE, NOON + 8 * MINUTE)]
