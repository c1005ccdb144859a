"""The pages that list what import files hold, written from the declarations: `python -m tests.proof.import_pages`.

Promises one page for each language, of every kind and column there is; a test compares them with what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Field, Kind

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class _Words:
    """What a page says between the facts."""

    begins: str
    same: str
    scored: str
    unscored: str
    head: str
    filled: str
    empty: str
    default: str
    said: Callable[[str], str] = str


_ENGLISH = _Words(
    """# What import files hold

Bahasa Indonesia: [operators/id/berkas-impor.md](operators/id/berkas-impor.md). Written from
`ekinerja_agent/central/kinds.py` and `usecases/importing/kinds/` by `python -m tests.proof.import_pages`; change those,
not this page.

A file is CSV or XLSX with a head row of these names: `ekinerja-agent import KIND FILE`.
Files of terminals (`import punches`, `import attlog`) hold records, not facts, and are not listed here.
""",
    "Rows with the same {key} are versions of one: the newest that was not taken back counts.",
    "It can change scores.",
    "No score depends on it.",
    "| column | must be filled | what it holds |",
    "yes",
    "no",
    "no (empty: `{default}`)",
)
_INDONESIAN = _Words(
    """# Isi berkas impor

English: [import-files.md](../../import-files.md). Ditulis dari `ekinerja_agent/central/kinds.py` dan
`usecases/importing/kinds/` oleh `python -m tests.proof.import_pages`; ubahlah itu, bukan halaman ini.

Berkas berupa CSV atau XLSX dengan baris judul berisi nama-nama ini: `ekinerja-agent import JENIS BERKAS`.
Berkas mesin (`import punches`, `import attlog`) berisi rekaman, bukan fakta, dan tidak ada di sini.
""",
    "Baris dengan {key} yang sama adalah versi dari satu fakta: yang terbaru dan tidak ditarik kembali yang berlaku.",
    "Dapat mengubah nilai.",
    "Tidak ada nilai yang bergantung padanya.",
    "| kolom | wajib diisi | isinya |",
    "ya",
    "tidak",
    "tidak (kosong: `{default}`)",
    translate_to("id"),
)
PAGES: Mapping[Path, _Words] = {
    ROOT / "docs" / "import-files.md": _ENGLISH,
    ROOT / "docs" / "operators" / "id" / "berkas-impor.md": _INDONESIAN,
}


def page(words: _Words) -> str:
    """Given the words of a language, return the page."""
    return "\n".join([words.begins, *(line for kind in KINDS.values() for line in _kind(words, kind))])


def _kind(words: _Words, kind: Kind) -> Iterator[str]:
    declared = fact_kind(kind.name)
    key = ", ".join(f"`{declared.in_files.get(column, column)}`" for column in declared.key)
    yield f"## {kind.name}\n"
    yield f"{words.said(kind.about)} {words.scored if declared.scored else words.unscored}"
    yield f"{words.same.format(key=key)}\n"
    yield f"{words.head}\n|---|---|---|"
    yield from (_field(words, field) for field in kind.fields)
    yield ""


def _field(words: _Words, field: Field) -> str:
    empty = words.empty if field.default is None else words.default.format(default=field.default)
    return f"| `{field.name}` | {words.filled if field.required else empty} | {words.said(field.shape.allowed)} |"


def main() -> None:
    """Write every page."""
    for path, words in PAGES.items():
        path.write_text(page(words), encoding="utf-8")


if __name__ == "__main__":
    main()
