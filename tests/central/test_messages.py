"""What the program said is kept as a sentence for SQL, with its message beside it; what has none is text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, Table, insert, select, text

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.collected.punch_list import quarantined
from ekinerja_agent.central.collected.terminal_list import terminal_rows
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.columns import MessageText, message_column, metadata
from ekinerja_agent.central.store.tables.recorded import quarantine
from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.nouns.terminal import TerminalStatus

DAY = datetime(2026, 9, 7, tzinfo=UTC)
INDONESIAN = translate_to("id")
REASON = Message("the PIN is {field}; 1 to 24 letters or digits are allowed", field="b'\\x00'")
LOOKS_LIKE_ONE = '["ok", {}]'


def record(reason: str) -> Quarantined:
    return Quarantined("lobby", Source.POLL, 7, b"raw", reason, DAY)  # type: ignore[arg-type]


def told(engine: Engine) -> list[str]:
    return [row["reason"] for row in quarantined(engine)]


def sql(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with reading(engine) as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def test_sql_reads_a_plain_sentence_and_a_table_shows_it_in_the_readers_language(central: Engine) -> None:
    deliver(central, Delivery(notes=(record(REASON),)), DAY)
    assert sql(central, "select reason from quarantine") == [(str(REASON),)]
    (reason,) = told(central)
    assert (reason, INDONESIAN(reason)) == (str(REASON), INDONESIAN(REASON))
    assert INDONESIAN(REASON) != str(REASON)


@pytest.mark.parametrize("text_of_somebody", [str(REASON), LOOKS_LIKE_ONE, "", "ok"])
def test_text_without_a_message_is_shown_letter_by_letter(central: Engine, text_of_somebody: str) -> None:
    deliver(central, Delivery(notes=(record(text_of_somebody),)), DAY)
    (reason,) = told(central)
    assert (reason, INDONESIAN(reason)) == (text_of_somebody, text_of_somebody)
    assert sql(central, "select reason from quarantine") == [(text_of_somebody,)]


def test_a_row_from_before_there_were_messages_is_shown_as_it_is(central: Engine) -> None:
    deliver(central, Delivery(notes=(record(REASON),)), DAY)
    columns = "terminal, source, batch, position, raw, reason, found_at"
    with transaction(central) as conn:
        conn.execute(
            text(f"insert into quarantine (quarantine_id, {columns}) select 'older', {columns} from quarantine")
        )
    assert {INDONESIAN(reason) for reason in told(central)} == {str(REASON), INDONESIAN(REASON)}


@pytest.mark.parametrize("again", [str(REASON), REASON], ids=["text", "message"])
def test_the_same_record_is_the_same_one_whether_its_reason_is_a_message_or_text(central: Engine, again: str) -> None:
    deliver(central, Delivery(notes=(record(REASON),)), DAY)
    deliver(central, Delivery(notes=(record(again),)), DAY)
    assert len(told(central)) == 1


def test_a_sentence_that_changes_takes_its_message_along_and_one_that_is_not_told_stays(central: Engine) -> None:
    def hear(state: str, records: int) -> str:
        note = TerminalStatus("lobby", "", "1", "", records, None, None, None, DAY, state)  # type: ignore[arg-type]
        deliver(central, Delivery(notes=(note,)), DAY)
        (row,) = terminal_rows(central)
        assert sql(central, "select state, records from terminal_status") == [(str(row["state"]), records)]
        return INDONESIAN(row["state"])

    away = Message("{state}; uploads: {uploads}", state="\0 never read", uploads=Message("never read"))
    shown = INDONESIAN(away).replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert hear(away, 1) == shown
    assert hear("", 2) == shown
    assert hear("never read", 3) == "never read"
    assert hear(Message("never read"), 4) == INDONESIAN(Message("never read")) != "never read"


SENTENCES = [
    (table, column.name.removesuffix("_message"))
    for table in metadata.sorted_tables
    for column in table.c
    if isinstance(column.type, MessageText)
]


@pytest.mark.parametrize(("table", "name"), SENTENCES, ids=[f"{table.name}.{name}" for table, name in SENTENCES])
def test_every_way_to_insert_a_sentence_brings_its_message(central: Engine, table: Table, name: str) -> None:
    column = table.c[name]
    assert table.c[message_column(name)].default is not None
    assert (column.type.python_type, table.c[message_column(name)].type.python_type) == (str, str)
    assert table.c[message_column(name)].nullable


def _one(number: str, reason: str) -> Sequence[object]:
    return (number, "lobby", "poll", 0, 1, b"r", reason, DAY)


def test_rows_in_bulk_and_one_by_one_are_kept_alike(central: Engine) -> None:
    columns = ["quarantine_id", "terminal", "source", "batch", "position", "raw", "reason", "found_at"]
    rows = [_one("1", REASON), _one("2", str(REASON)), _one("3", LOOKS_LIKE_ONE)]
    with transaction(central) as conn:
        insert_rows(conn, quarantine, columns, rows)
        one_by_one = [dict(zip(columns, (f"{row[0]}again", *row[1:]), strict=True)) for row in rows]
        conn.execute(insert(quarantine), one_by_one)
        # every column at once, as a copy of the whole database does
        copied = [tuple(row) for row in conn.execute(select(quarantine))]
        kept = [(f"{row[0]}copied", *row[1:]) for row in copied]
        insert_rows(conn, quarantine, [column.name for column in quarantine.c], kept)
    found = sql(central, "select quarantine_id, reason, reason_message from quarantine")
    by_number = {number: {row[1:] for row in found if str(row[0]).startswith(number)} for number in "123"}
    assert [len(kept_alike) for kept_alike in by_number.values()] == [1, 1, 1]
    assert by_number["2"] == {(str(REASON), None)}
