"""Sealed backups: whole with the right key, nothing with another or after a change, and nothing readable in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import NeedsAttention, Refused, WrongUsage
from ekinerja_agent.secrets.sealing import DoesNotOpen, new_key, read_private_key, read_public_key, write_new
from ekinerja_agent.simulator import Device
from ekinerja_agent.terminals.people import Staffed
from ekinerja_agent.usecases.care.people.backup import FORMAT, Header, open_backup, read_header, seal

KEY = new_key()


@pytest.fixture
def kept(make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], tmp_path: Path):
    """A backup in a file, and what it was made of."""
    device = make_staffed(users=5, names="gb18030")
    device.enrol("1009", "张三")
    staffed = read_staffed(device)
    at = datetime(2026, 9, 30, tzinfo=UTC).isoformat()
    header = Header("source", staffed.serial, 6, staffed.crew.fingers, at, KEY.public.fingerprint)
    path = tmp_path / "source.people"
    write_new(path, seal(staffed, header, KEY.public))
    return path, staffed, header


@given(st.binary(max_size=3000), st.binary(max_size=100))
def test_a_box_gives_back_what_went_in(content: bytes, beside: bytes) -> None:
    box = KEY.public.seal(content, beside)
    assert KEY.open(box, beside) == content
    assert KEY.public.seal(content, beside) != box


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_box_with_one_other_bit_or_beside_other_words_does_not_open(content: bytes, data: st.DataObject) -> None:
    box = KEY.public.seal(content, b"header")
    place = data.draw(st.integers(0, len(box) * 8 - 1))
    spoilt = bytearray(box)
    spoilt[place // 8] ^= 1 << place % 8
    for wrong, beside in ((bytes(spoilt), b"header"), (box, b"Header"), (box[:-1], b"header"), (b"", b"header")):
        with pytest.raises(DoesNotOpen):
            KEY.open(wrong, beside)
    with pytest.raises(DoesNotOpen):
        new_key().open(box, b"header")


def test_a_backup_holds_everybody_byte_for_byte(kept: tuple[Path, Staffed, Header]) -> None:
    path, staffed, header = kept
    found, source, digest = open_backup(path, KEY)
    assert found == header == read_header(path.read_bytes(), path)
    assert (source.crew, source.algorithm) == (staffed.crew, "10")
    assert source.crew.names == "gb18030"
    assert digest.startswith("sha256:")


def test_nothing_personal_can_be_read_in_it_and_only_the_owner_can_read_the_file(
    kept: tuple[Path, Staffed, Header],
) -> None:
    path, staffed, _ = kept
    content = path.read_bytes()
    told = json.loads(content[len(FORMAT) :].split(b"\n")[0])
    assert set(told) == {"terminal", "serial", "users", "fingers", "at", "key"}
    for person in staffed.crew.people:
        assert person.name.encode() not in content
        for finger in person.fingers:
            assert finger.template[:8] not in content
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("place", [60, 100, 200, 400, -1])
def test_a_file_that_was_altered_anywhere_is_refused_whole(kept: tuple[Path, Staffed, Header], place: int) -> None:
    path, *_ = kept
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises((NeedsAttention, WrongUsage)):
        open_backup(path, KEY)


@pytest.mark.parametrize("keep", [0, 10, len(FORMAT), 150, 300])
def test_a_file_that_was_cut_is_refused(kept: tuple[Path, Staffed, Header], keep: int) -> None:
    path, *_ = kept
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(NeedsAttention):
        open_backup(path, KEY)


def test_another_key_is_named_with_the_one_that_is_needed(kept: tuple[Path, Staffed, Header]) -> None:
    path, *_ = kept
    with pytest.raises(WrongUsage, match=f"sealed for the key {KEY.public.fingerprint}, this one is"):
        open_backup(path, new_key())


def test_keys_come_back_from_their_files(tmp_path: Path) -> None:
    write_new(tmp_path / "k", KEY.pem)
    write_new(tmp_path / "k.pub", KEY.public.pem)
    assert read_private_key(tmp_path / "k").public.fingerprint == KEY.public.fingerprint
    assert read_public_key(tmp_path / "k.pub").fingerprint == KEY.public.fingerprint
    for read, name in ((read_private_key, "k.pub"), (read_public_key, "k"), (read_private_key, "missing")):
        with pytest.raises(WrongUsage, match=name):
            read(tmp_path / name)


def test_a_disk_without_links_takes_a_file_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    write_new(tmp_path / "stick" / "k", b"key")
    assert (tmp_path / "stick" / "k").read_bytes() == b"key"
    with pytest.raises(Refused, match="exists already"):
        write_new(tmp_path / "stick" / "k", b"other")
    assert [each.read_bytes() for each in (tmp_path / "stick").iterdir()] == [b"key"]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    with pytest.raises(Refused, match="exists already"):
        write_new(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 1
