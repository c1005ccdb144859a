"""Every capture and case of terminals in access-control mode, written in each way that firmware writes it: the same
records.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ekinerja_agent.nouns.punch import Quarantined
from tests.push.conftest import Site, pushing
from tests.push.test_access import AT, CAPTURES
from tests.push.test_http import status

NAMES = {"event": "eventtype", "inoutstatus": "inoutstate", "verifytype": "verified", "eventaddr": "doorid"}
"""Two names of one thing."""
WORDS = re.compile(r"^(transaction|user|biophoto) ", re.IGNORECASE)
WITH_RECORDS = [name for name, each in CAPTURES.items() if "punches" in each["expect"] and name != "psh02"]


def each_line(change: Callable[[str], str]) -> Callable[[str, str], tuple[str, str]]:
    def changed(head: str, body: str) -> tuple[str, str]:
        return head, "".join(change(line) for line in body.splitlines(keepends=True))

    return changed


def renamed(line: str) -> str:
    both = {**NAMES, **{other: name for name, other in NAMES.items()}}
    return re.sub(r"(^|\t| )(\w+)=", lambda found: f"{found[1]}{both.get(found[2], found[2])}=", line)


def shuffled(line: str) -> str:
    word = WORDS.match(line)
    begin, rest = (word[0], line[word.end() :]) if word else ("", line)
    text = rest.rstrip("\r\n")
    if "=" not in text.split("\t")[0] or "content=" in text:
        return line
    fields = text.split("\t")
    Random(7).shuffle(fields)
    return begin + "\t".join(fields) + rest[len(text) :]


def shouted(head: str, body: str) -> tuple[str, str]:
    first, _, rest = head.partition("\r\n")
    path, _, query = first.partition("?")
    query = re.sub(r"(^|&)(?!SN=)(\w+)=", lambda found: f"{found[1]}{found[2].upper()}=", query)
    query = re.sub(r"(TABLE|TABLENAME)=(\w+)", lambda found: f"{found[1]}={found[2].upper()}", query)
    return f"{path}?{query}\r\n{rest}", body


VARIANTS: Mapping[str, Callable[[str, str], tuple[str, str]]] = {
    "as captured": lambda head, body: (head, body),
    "path doubled": lambda head, body: (head.replace("/iclock/", "/iclock/iclock/", 1), body),
    "two slashes": lambda head, body: (head.replace(" /iclock/", " //iclock/", 1), body),
    "aspx": lambda head, body: (head.replace("?", ".aspx?", 1), body),
    "capitals": shouted,
    "serial in small letters": lambda head, body: (head.replace("SN=", "sn=", 1), body),
    "no line end": lambda head, body: (head, body.rstrip("\r\n")),
    "LF": lambda head, body: (head, body.replace("\r\n", "\n")),
    "CRLF": lambda head, body: (head, body.replace("\r\n", "\n").replace("\n", "\r\n")),
    "NULs behind": lambda head, body: (head, body + "\r\n\0\0\0" if body and "content=" not in body else body),
    "fields shuffled": each_line(shuffled),
    "the other names": each_line(renamed),
    "word in capitals": each_line(lambda line: re.sub("^transaction", "TRANSACTION", line)),
    "blanks for tabs": each_line(lambda line: line.replace("\t", "   ") if line.startswith("transaction") else line),
    "a field more": each_line(
        lambda line: re.sub(r"(\r?\n|$)", r"\tbitCount=7\1", line, count=1) if "event" in line else line
    ),
    "no content type": lambda head, body: (re.sub("Content-Type: [^\r]*\r\n", "", head), body),
}


def sent(site: Site, raw: str, variant: str, *, packed: bool = False) -> bytes:
    head, _, body = raw.partition("\r\n\r\n")
    head, body = VARIANTS[variant](head, body)
    content = gzip.compress(body.encode()) if packed else body.encode()
    lines = [line for line in head.split("\r\n") if not line.startswith(("Content-Length", "Connection"))]
    more = ["Content-Encoding: gzip"] if packed else []
    return site.raw("\r\n".join([*lines, *more, f"Content-Length: {len(content)}"]).encode() + b"\r\n\r\n" + content)


def found(site: Site) -> tuple[Counter[tuple[str, str, int, int]], list[tuple[str, str, str]]]:
    punches = Counter(
        (each.pin, each.clock.isoformat(sep=" "), each.state, each.verify) for each in site.spool.waiting(999).punches
    )
    named = {each.apart.punch_id: each for each in site.notes(Quarantined) if each.apart is not None}
    apart = [(each.apart.pin, each.apart.clock.isoformat(sep=" "), each.code) for each in named.values()]
    return punches, sorted(apart)


def right(expect: Mapping[str, Any]) -> tuple[Counter[tuple[str, str, int, int]], list[tuple[str, str, str]]]:
    punches = Counter(
        (each["pin"], each["time"], int(each["state"]), 255 if len(each["verify"]) == 16 else int(each["verify"]))
        for each in expect["punches"]
    )
    return punches, sorted((each["pin"], each["time"], each["code"]) for each in expect.get("set_apart", ()))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", WITH_RECORDS)
def test_however_it_is_written_it_is_the_same_records_once(
    name: str, variant: str, make_site: Callable[..., Site]
) -> None:
    serial = re.search(r"SN=(\w+)", CAPTURES[name]["raw"])
    assert serial is not None
    site = make_site(pushing("t1", serial[1], timezone="Asia/Jakarta"))
    site.now = lambda: AT
    raw, expect = CAPTURES[name]["raw"], dict(CAPTURES[name]["expect"])
    if name == "psh10":  # psh04 is known then, and comes once more in it
        expect["punches"] = [*CAPTURES["psh04"]["expect"]["punches"], *expect["punches"]]
        assert status(sent(site, CAPTURES["psh04"]["raw"], variant)) == 200
    for written in (variant, variant, "as captured"):
        assert status(sent(site, raw, written)) == 200
    assert status(sent(site, raw, variant, packed=True)) == 200
    assert found(site) == right(expect)


CASES = json.loads((Path(__file__).parents[1] / "captures" / "f2-security-push.json").read_text())["cases"]
OUTCOMES: Mapping[int, tuple[list[tuple[str, int, int]], int]] = {
    # Which case becomes which punches (PIN, state, verify), and how many of its lines wait for a person.
    3: ([("4711", 0, 15)], 0),
    4: ([("2002", 1, 1)], 0),
    5: ([], 0),
    6: ([], 1),
    7: ([], 0),
    8: ([], 0),
    9: ([], 0),
    10: ([("4712", 0, 15)], 0),
    12: ([("4714", 0, 4)], 0),
    13: ([("4715", 0, 4)], 0),
    14: ([("4717", 0, 4)], 0),
}


@pytest.mark.parametrize("number", OUTCOMES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_case_of_the_reports_has_its_right_value(
    number: int, variant: str, make_site: Callable[..., Site]
) -> None:
    case = CASES[number]
    site = make_site(pushing("t1", "TSTB000000002", timezone="Asia/Jakarta"))
    site.now = lambda: AT
    table = re.search(r"table=\S*", case["request"])
    path = f"/iclock/cdata?SN=TSTB000000002{f'&{table[0]}' if table else ''}"
    raw = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n{case['body']}"
    for _ in range(2):
        assert status(sent(site, raw, variant)) == 200
    punches, apart = found(site)
    wanted, waiting = OUTCOMES[number]
    assert sorted((pin, state, verify) for pin, _, state, verify in punches.elements()) == wanted
    assert len(apart) == waiting
    assert bool(site.notes(Quarantined)) == bool(waiting)


def test_no_case_with_a_body_is_left_out() -> None:
    assert {number for number, case in enumerate(CASES) if "body" in case} == set(OUTCOMES)
    assert len(list(chain(WITH_RECORDS))) >= 12
