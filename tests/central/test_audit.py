"""The log of what people did: what is written comes back, and whatever somebody does to it behind our back shows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.store.engine import in_transaction, reading, transaction
from ekinerja_agent.central.store.tables.access import audit as log
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import CheckFailed, Refused

NOW = datetime(2026, 9, 7, 1, 2, 3, 456789, tzinfo=UTC)


def write(central: Engine, number: int, actor: str = "root", action: str = "do", subject: str = "this") -> None:
    with transaction(central) as conn:
        audit.append(conn, actor, action, subject, {"n": number}, NOW + timedelta(days=number))


@pytest.fixture
def written(central: Engine) -> Engine:
    """A log of five rows, with the ids 1 to 5."""
    for number in range(5):
        write(central, number)
    assert audit.verify(central).rows == 5
    return central


def behind_our_back(central: Engine, *statements: str) -> None:
    """What somebody can do who owns the database itself: the triggers of the log are silent meanwhile."""
    with transaction(central) as conn:
        if central.dialect.name == "postgresql":
            conn.exec_driver_sql("alter table audit disable trigger user")
            conn.exec_driver_sql("alter table audit_end disable trigger user")
        else:
            asleep = conn.exec_driver_sql(
                "select name, sql from sqlite_master where type = 'trigger' and tbl_name in ('audit', 'audit_end')"
            ).all()
            for name, _ in asleep:
                conn.exec_driver_sql(f"drop trigger {name}")
        for statement in statements:
            conn.exec_driver_sql(statement)
        if central.dialect.name == "postgresql":
            conn.exec_driver_sql("alter table audit enable trigger user")
            conn.exec_driver_sql("alter table audit_end enable trigger user")
        else:
            for _, sql in asleep:
                conn.exec_driver_sql(sql)


def forged(central: Engine, number: int, previous: str) -> str:
    """A row that continues the chain from the digest `previous`, made by somebody who read the program."""
    details = f'{{"n":{number}}}'
    digest = audit._digest(previous, NOW, "root", "do", "this", details)
    return (
        "insert into audit (id, at, actor, action, subject, details, previous_digest, digest) values "
        f"({number}, '{NOW:%Y-%m-%d %H:%M:%S.%f}', 'root', 'do', 'this', '{details}', '{previous}', '{digest}')"
    )


def digests(central: Engine) -> Sequence[str]:
    with reading(central) as conn:
        return conn.scalars(select(log.c.digest).order_by(log.c.id)).all()


def test_the_log_gives_back_what_was_written(central: Engine) -> None:
    details = {"b": [1, None, "é"], "a": {"x": True}}
    with transaction(central) as conn:
        audit.append(conn, "root", "do", "this", details, NOW)
    (row,) = audit.rows(central)
    assert (row["at"], row["actor"], row["action"], row["subject"], row["details"]) == (
        NOW,
        "root",
        "do",
        "this",
        details,
    )


def test_a_row_keeps_the_uid_of_who_acted_and_the_one_of_their_login(central: Engine) -> None:
    acted: list[os_user.Caller] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os_user, "_acting_for", acted)
        write(central, 1)
        acted.append(os_user.Caller(1004, 1001))
        write(central, 2)
    told = [(row["uid"], row["login_uid"]) for row in audit.rows(central)]
    assert told == [(os.getuid(), os_user.caller().login_uid), (1004, 1001)]
    assert audit.verify(central).rows == 2


def test_rows_from_before_uids_were_kept_are_as_they_were_and_get_none(central: Engine) -> None:
    """The digest of such a row, as programs of then wrote it, does not come from this program."""
    told = '["' + "0" * 64 + '","2026-09-07T01:02:03.456789+00:00","root","do","this","{\\"n\\":1}"]'
    digest = hashlib.sha256(told.encode()).hexdigest()
    with transaction(central) as conn:
        conn.exec_driver_sql(
            "insert into audit (at, actor, action, subject, details, previous_digest, digest) values "
            f"('{NOW:%Y-%m-%d %H:%M:%S.%f}', 'root', 'do', 'this', '{{\"n\":1}}', '{'0' * 64}', '{digest}')"
        )
    write(central, 2)
    assert audit.verify(central).rows == 2
    behind_our_back(central, "update audit set uid = 0 where id = 1")
    with pytest.raises(CheckFailed, match=r"broken at row 1 .*changed after it was written"):
        audit.verify(central)


def test_writers_together_make_one_chain(central: Engine) -> None:
    def add(n: int) -> None:
        in_transaction(central, lambda conn: audit.append(conn, "root", "do", str(n), {}, NOW))

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(add, range(20)))
    assert audit.verify(central).rows == 20


TIMES = "'2026-09-07 01:02:03.456788'"
SWAP = (
    "update audit set id = 100 where id = 2;update audit set id = 2 where id = 3;update audit set id = 3 where id = 100"
)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update audit set actor = 'nobody' where id = 2", "broken at row 2 .*changed after it was written"),
        (f"update audit set at = {TIMES} where id = 3", "broken at row 3 .*changed after it was written"),
        ("update audit set details = '{\"n\":9}' where id = 1", "broken at row 1 .*changed after it was written"),
        ("update audit set uid = uid + 1 where id = 2", "broken at row 2 .*changed after it was written"),
        ("update audit set login_uid = 4711 where id = 2", "broken at row 2 .*changed after it was written"),
        ("update audit set uid = null, login_uid = null where id = 2", "broken at row 2 .*changed after it was"),
        ("delete from audit where id = 3", "broken at row 4 .*a row before it was removed"),
        ("delete from audit where id < 3", "broken at row 3 .*a row before it was removed"),
        (SWAP, "broken at row 2 .*the order was changed"),
        ("delete from audit where id = 5", r"cut off after row 4 .*4 rows are there, 5 were written"),
        ("delete from audit where id > 1", r"cut off after row 1 .*1 rows are there, 5 were written"),
        ("delete from audit", "cut off from the first row on: 0 rows are there, 5 were written"),
        ("delete from audit_end", "the count of the audit log .* was removed"),
        (
            "update audit_end set rows = 4",
            "does not end as it was written, at row 5 .*5 rows are there, 4 were written",
        ),
    ],
)
def test_whatever_is_done_to_a_row_shows_with_its_place(written: Engine, statement: str, said: str) -> None:
    behind_our_back(written, *statement.split(";"))
    with pytest.raises(CheckFailed, match=f"{said}.*compare with the latest backup"):
        audit.verify(written)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda made: ("delete from audit where id = 5", (5, made[3])), "does not end as it was written, at row 5 "),
        (lambda made: ("select 1", (6, made[4])), "at row 6 .*6 rows are there, 5 were written"),
        (
            lambda made: ("update audit set id = id + 10 where id > 2", (3, made[1])),
            "broken at row 13 .*a row was put in before it",
        ),
    ],
    ids=["the last row replaced", "one added at the end", "one put in between"],
)
def test_a_forged_row_with_a_true_digest_shows_too(
    written: Engine, forge: Callable[[Sequence[str]], tuple[str, tuple[int, str]]], said: str
) -> None:
    statement, (number, previous) = forge(digests(written))
    behind_our_back(written, statement, forged(written, number, previous))
    with pytest.raises(CheckFailed, match=said):
        audit.verify(written)


def test_what_was_cut_off_still_shows_after_further_rows(written: Engine) -> None:
    behind_our_back(written, "delete from audit where id > 3")
    write(written, 7)
    with pytest.raises(CheckFailed, match="4 rows are there, 6 were written"):
        audit.verify(written)


def test_a_log_written_anew_with_its_count_shows_against_an_end_that_was_noted(written: Engine) -> None:
    noted = audit.verify(written)
    write(written, 8)
    assert audit.verify(written, noted).rows == 6
    whole = digests(written)
    made = forged(written, 5, whole[3])
    digest = made.rpartition(", '")[2].rstrip("')")
    behind_our_back(
        written, "delete from audit where id > 4", made, f"update audit_end set rows = 5, digest = '{digest}'"
    )
    assert audit.verify(written).rows == 5
    with pytest.raises(CheckFailed, match="row number 5 had digest"):
        audit.verify(written, noted)
    with pytest.raises(CheckFailed, match="9 rows were noted, 5 are there"):
        audit.verify(written, audit.End(9, noted.digest))


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_end set rows = rows - 1",
        "update audit_end set rows = rows + 1",
        "update audit_end set rows = rows + 1, digest = 'x'",
        "update audit_end set id = 2",
        "delete from audit_end",
        "insert into audit_end (id, rows, digest) values (2, 0, 'x')",
    ],
)
def test_the_count_cannot_be_moved_by_hand(written: Engine, statement: str) -> None:
    with pytest.raises(Refused, match="audit_end refuses"), transaction(written) as conn:
        conn.exec_driver_sql(statement)
    assert audit.verify(written).rows == 5


def test_the_log_is_listed_by_actor_action_subject_and_day(central: Engine) -> None:
    for number, (actor, action, subject) in enumerate(
        [
            ("root", "period.close", "2026-08"),
            ("sari", "period.reopen", "2026-08"),
            ("root", "period.close", "2026-09"),
            ("root", "periodical", "2026-09"),
        ]
    ):
        write(central, number, actor, action, subject)

    def numbers(**filters: object) -> list[int]:
        return [row["details"]["n"] for row in audit.rows(central, **filters)]  # type: ignore[arg-type]

    assert numbers() == [0, 1, 2, 3]
    assert numbers(actor="sari") == [1]
    assert numbers(action="period") == [0, 1, 2]
    assert numbers(action="period.close") == [0, 2]
    assert numbers(subject="2026-09") == [2, 3]
    assert numbers(first=date(2026, 9, 8), last=date(2026, 9, 9)) == [1, 2]
    assert numbers(actor="root", subject="2026-08") == [0]
