"""Every command speaks Indonesian or English, as the person who types it wishes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from ekinerja_agent import cli
from ekinerja_agent.cli.shell import translate
from ekinerja_agent.locale.language import spoken_words, translate_to
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from tests.journey.conftest import Installation
from tests.proof.said import helped

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Types a command in an environment that has no language of its own."""
    for name in ("EKINERJA_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "EKINERJA_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: str, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ekinerja-agent", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return command


def paths(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from paths(command, (*above, name))


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_every_page_of_help_is_indonesian(run: Run) -> None:
    cli.cli.get_help_option(click.Context(cli.cli))  # as who asked for the page in English before
    words = spoken_words("id")
    english = {one_line(text) for text in helped(cli.cli) if words.gettext(text) != text}
    pages = [run("--lang", "id", *path, "--help") for path in [(), *paths(cli.cli)]]
    assert len(pages) > 60
    for code, page, _ in pages:
        assert code == 0
        assert page.startswith("Pemakaian: ekinerja-agent")
        assert "Tampilkan bantuan ini lalu selesai." in one_line(page)
        assert [text for text in english if text in one_line(page)] == []
        for word in ("Usage:", "Options:", "Commands:", "[default:", "required]", "Columns:"):
            assert word not in page


def test_pages_of_help_in_english_are_as_they_stand_in_the_source(run: Run) -> None:
    _, page, _ = run("--lang", "en", "period", "close", "--help", EKINERJA_LANG="id")
    assert page.startswith("Usage: ekinerja-agent period close [OPTIONS] MONTH")
    assert "Publish although days are pending" in one_line(page)


@pytest.mark.parametrize(
    ("words", "environ", "language"),
    [
        ((), {}, "en"),
        ((), {"LANG": "C.UTF-8"}, "en"),
        ((), {"LANG": "id_ID.UTF-8"}, "id"),
        ((), {"LC_ALL": "en_US.UTF-8", "LANG": "id_ID.UTF-8"}, "en"),
        ((), {"EKINERJA_LANG": "id"}, "id"),
        (("--lang=en",), {"EKINERJA_LANG": "id"}, "en"),
        (("--config", "--lang", "--lang", "id"), {}, "id"),
        (("score", "--lang", "id"), {}, "en"),
        (("--lang", "jv"), {"EKINERJA_LANG": "id"}, "id"),
    ],
)
def test_the_nearer_wish_decides(words: tuple[str, ...], environ: dict[str, str], language: str) -> None:
    assert translate.language_of(words, environ) == language


def test_a_language_of_the_environment_that_nobody_speaks_is_refused(run: Run) -> None:
    assert run("audit", "list", EKINERJA_LANG="jv") == (2, "", "EKINERJA_LANG is 'jv'; allowed are id and en\n")
    with pytest.raises(WrongUsage):
        translate.language_of([], {"EKINERJA_LANG": "jv"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("perid",), "Kesalahan: Tidak ada perintah 'perid'"),
        (("period", "close"), "Kesalahan: Belum disebut argumen 'MONTH'."),
        (("score", "run"), "Kesalahan: Belum disebut opsi '--month'."),
        (("score", "run", "--mnth"), "Kesalahan: Tidak ada opsi '--mnth'. Apakah maksudnya '--month'?"),
        (("score", "run", "--month"), "Kesalahan: Opsi '--month' memerlukan 1 nilai."),
        (("score", "run", "--month", "2026-13"), "'2026-13' bukan bulan; tulis seperti 2026-09"),
        (("period", "close", "2026-09", "x"), "Kesalahan: Ada argumen berlebih (x)"),
        (("import", "units", "/no/file"), "Nilai salah untuk 'FILE': Berkas '/no/file' tidak ada."),
        (("objection", "decide", "1", "perhaps"), "'perhaps' bukan salah satu dari 'accept', 'reject'."),
        (("import", "revoke", "x", "--reason", "r"), "'x' bukan bilangan bulat yang sah."),
        (("simulate", "--records", "-1"), "-1 tidak berada dalam rentang x>=0."),
        (("simulate", "--fault", "hnag"), "tidak ada gangguan 'hnag'; pilih salah satu dari hang"),
    ],
)
def test_what_is_wrong_with_the_words_of_a_command(run: Run, words: tuple[str, ...], said: str) -> None:
    code, _, err = run("--lang", "id", *words)
    assert code == 2
    assert said in err
    assert "Error" not in err


def test_errors_and_results_of_a_month_are_indonesian(installation: Installation) -> None:
    unit = {"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Makassar"}
    installation.load("units", [unit])
    status = installation.run("--lang", "id", "period", "close", "2026-09", "--office", "NONE", "--yes")
    assert status.code == 2
    assert status.err == "tidak ada unit 'NONE'; yang dikenal: DINKES (`ekinerja-agent import units`)\n"
    wrong = installation.directory / "wrong.csv"
    wrong.write_text("code,name,timezone,valid_from\nA,Kantor,Mars/Olympus,2026-01-01\nB,Kantor,Asia/Jakarta,soon\n")
    refused = installation.run("--lang", "id", "import", "units", str(wrong))
    assert refused.code == 5
    assert refused.err.splitlines() == [
        (
            "wrong.csv:2: timezone: 'Mars/Olympus'; "
            "yang boleh: zona waktu seperti Asia/Jakarta, Asia/Makassar atau Asia/Jayapura"
        ),
        "wrong.csv:3: valid_from: 'soon'; yang boleh: tanggal YYYY-MM-DD dari tahun 1900 atau sesudahnya",
    ]


def test_what_commands_say_goes_through_the_translation() -> None:
    """Printed as they are: JSON (kept rules too), YAML, SQL, a new password, what tells programs of a terminal."""
    folder = Path(cli.__file__).parent
    files = (file for file in folder.rglob("*.py") if "click.echo(" in file.read_text(encoding="utf-8"))
    assert {file.relative_to(folder).as_posix() for file in files} == {
        "facts/accounts.py",
        "host/config.py",
        "host/db.py",
        "month/rules.py",
        "shell/translate.py",
        "terminals/simulate.py",
    }


def test_only_tables_of_doctor_are_translated(installation: Installation) -> None:
    table = installation.run("--lang", "id", "doctor", "--format", "table")
    rows = json.loads(installation.run("--lang", "id", "doctor", "--format", "json").out)
    said = [row for row in rows if row["check"] == "spool" and row["state"] == "wrong"]
    assert said[0]["finding"] == "nothing was collected on this host yet"
    assert "belum ada yang terkumpul di komputer ini" in table.out
    assert "pemeriksaan baik" in table.err


OURS = "nothing was collected on this host yet"
"""A sentence of ours, and whole: as a name it is somebody else's text."""


def test_a_name_or_a_file_like_a_sentence_of_ours_is_shown_letter_by_letter(installation: Installation) -> None:
    assert translate_to("id")(Message("nothing was collected on this host yet")) != OURS
    unit = {"code": "DINKES", "name": OURS, "timezone": "Asia/Makassar"}
    installation.load("units", [unit])
    unknown = installation.run("--lang", "id", "period", "close", "2026-09", "--office", OURS, "--yes")
    assert unknown.err.startswith(f"tidak ada unit {OURS!r}; ")
    for name, said in (
        (OURS, "kolom ini tidak ada"),
        ("the file is empty; allowed: a header row code", "kolom ini tidak ada"),
        (f"rejected: {OURS}", "kolom ini tidak ada"),
    ):
        wrong = installation.directory / f"{name}.csv"
        wrong.write_text("code,name\nA,Kantor\n")
        refused = installation.run("--lang", "id", "import", "units", str(wrong))
        assert refused.err == f"{name}.csv:1: timezone: {said}\n"


def test_what_the_system_says_is_shown_letter_by_letter_inside_our_sentence() -> None:
    indonesian = translate_to("id")
    for theirs in (OURS, f"{OURS}; {OURS}", "{reason}", "the spool cannot be read; see the check `spool`"):
        message = Message("{path} cannot be read: {reason}", path=theirs, reason=OSError(theirs))
        assert indonesian(message) == f"{theirs} tidak dapat dibaca: {theirs}"
