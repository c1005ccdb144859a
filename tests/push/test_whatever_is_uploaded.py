"""Whatever is uploaded wherever: what is acknowledged is kept, or of a kind that is known to hold no punch."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from urllib.parse import quote, quote_plus

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.push.conftest import Site
from tests.push.test_http import status
from tests.push.test_unread import (
    ANY_ORDER,
    COLUMNS,
    FACE,
    OFFLINE,
    PERSON,
    PUNCHLESS,
    PUNCHLESS_PAGES,
    WORD_FIRST,
    raw,
)

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?#"), max_size=8)
TABLES = st.integers(0, 9).flatmap(
    lambda chance: (
        st.text(max_size=12)
        if chance == 0
        else st.sampled_from(
            ["rtlog", "RTLOG", "transaction", "tabledata", "tabledata", "ATTLOG", "attlog", "OPERLOG", "rtstate", ""]
            + sorted(PUNCHLESS | {f"/{page}" for page in PUNCHLESS_PAGES}) * (chance == 1)
        )
    )
)
PAGES = st.integers(0, 9).flatmap(
    lambda chance: (
        WORDS
        if chance == 0
        else st.sampled_from("fdata querydata push rtdata devicecmd registry getrequest ping exchange file".split())
        if chance < 4
        else st.sampled_from(["cdata", "cdata", "CDATA", "cdata.aspx", "cdata/"])
    )
)
PIECES = st.one_of(
    st.sampled_from([FACE, ANY_ORDER, OFFLINE, COLUMNS, WORD_FIRST]),
    st.sampled_from([FACE, PERSON, b"ID=1&Return=0&CMD=INFO", b"\0\0", b""]),
    st.binary(max_size=60),
)
BODIES = st.tuples(
    st.lists(PIECES, min_size=1, max_size=4), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans()
).map(lambda drawn: drawn[1].join(drawn[0]) + drawn[1] * drawn[2])
NAMES = st.tuples(
    st.sampled_from(["SN", "sn", "Sn"]),
    st.sampled_from(["table", "Table", "TABLE"]),
    st.sampled_from(["tablename", "TableName"]),
)


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET"]),
    begin=st.sampled_from(["/iclock/", "/iclock/", "/iclock/iclock/", "//iclock/"]),
    page=PAGES,
    names=NAMES,
    table=st.none() | TABLES,
    inner=st.none() | TABLES,
    body=BODIES,
    compressed=st.booleans(),
)
def test_whatever_is_acknowledged_is_kept_or_of_a_kind_that_is_known_to_be_no_punch(
    bottomless: Site,
    method: str,
    begin: str,
    page: str,
    names: tuple[str, str, str],
    table: str | None,
    inner: str | None,
    body: bytes,
    compressed: bool,
) -> None:
    site = bottomless
    pairs = [(names[0], "S1"), (names[1], table), (names[2], inner)]
    query = "&".join(f"{name}={quote_plus(value, errors='replace')}" for name, value in pairs if value is not None)
    sent = gzip.compress(body) if compressed else body
    more = "Content-Encoding: gzip\r\n" if compressed else ""
    head = f"{method} {begin}{quote(page)}?{query} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(sent)}\r\n\r\n"
    answer = site.raw(head.encode() + sent)
    assert status(answer) != 500
    if status(answer) >= 300 or may_be_thrown_away(page, table, inner, body):
        return
    held = set(raw(site))
    punched = {(pin, clock) for pin, clock, _ in site.punched()}
    lines = re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf"))
    lost = [line for line in lines if line.strip(b"\0\t ") and line not in held and punch_in(line) not in punched]
    assert body in held or not lost, (answer, lost)


def may_be_thrown_away(page: str, table: str | None, inner: str | None, body: bytes) -> bool:
    """Whether what was uploaded is on the list, read without a line of what is tested."""
    page = page.lower().strip("/").removesuffix(".aspx")
    table, inner = (table or "").strip().lower(), (inner or "").strip().lower()
    if page == "devicecmd":
        return re.search(rb"ID=\d+\s*&?\s*Return=-?\d", body, re.IGNORECASE) is not None
    if page in ("registry", "exchange"):
        return True
    if page not in ("cdata", "fdata", "querydata"):
        return False
    if table == "tabledata" or (page == "querydata" and not table):
        return inner in PUNCHLESS
    return table in PUNCHLESS or (page == "fdata" and not table)


def punch_in(line: bytes) -> tuple[str, str] | None:
    """PIN and clock of a line in columns, or of one of the lines above with named fields."""
    if b"=" in line.split(b"\t")[0]:
        fields = dict(part.split(b"=", 1) for part in line.split(b"\t")[-7:] if b"=" in part)
        clocks = {b"2026-11-30 07:21:09": "2026-11-30T07:21:09", None: "2026-05-08T05:46:40"}
        return fields.get(b"pin", b"").decode(), clocks.get(fields.get(b"time"), "")
    line = line.removeprefix(b"ATTLOG\t")
    pin, *fields = (field.strip(b" \0") for field in line.split(b"\t"))
    try:
        return pin.decode("ascii"), datetime.fromisoformat(fields[0].decode("ascii")).isoformat()
    except (ValueError, IndexError):
        return None
