"""Everything that is said has a translation, and the compiled catalogue is what the readable one says."""

from __future__ import annotations

import ast
import gettext
import io
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

import ekinerja_agent
from ekinerja_agent.locale.language import choose, translator
from ekinerja_agent.nouns.errors import WrongUsage

PACKAGE = Path(ekinerja_agent.__file__).parent
SCRIPT = PACKAGE.parent / "scripts" / "translations"


def said_in_python(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            first = node.args[0] if node.args else None
            said = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if name in {"gettext", "msgid"} and said:
                yield first.value


def said_in_template(file: Path) -> Iterator[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.policies["ext.i18n.trimmed"] = True
    for _, _, message in environment.extract_translations(file.read_text(encoding="utf-8")):
        assert isinstance(message, str), f"{file.name}: plural forms need a key of their own in this test"
        yield message


def all_said() -> set[str]:
    scripts = (sentence for file in PACKAGE.rglob("*.py") for sentence in said_in_python(file))
    templates = (sentence for file in PACKAGE.rglob("*.j2") for sentence in said_in_template(file))
    return {*scripts, *templates}


def translated() -> dict[str, str]:
    catalogue = translator("id")
    assert isinstance(catalogue, gettext.GNUTranslations)
    return {key: text for key, text in catalogue._catalog.items() if key}  # type: ignore[attr-defined]


def test_every_sentence_has_an_indonesian_translation() -> None:
    said = all_said()
    assert len(said) > 50
    assert said - translated().keys() == set()


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    assert translated().keys() - all_said() == set()


def test_a_translation_keeps_the_places_of_its_values() -> None:
    for english, indonesian in translated().items():
        for place in ("%(", "{number}", "<code>"):
            assert english.count(place) == indonesian.count(place), english


def test_english_is_its_own_catalogue() -> None:
    assert translator("en").gettext("Pending days") == "Pending days"
    assert translator("id").gettext("Pending days") == "Hari tertunda"


def test_the_compiled_catalogue_is_what_the_readable_one_says() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("option", "environ", "language"),
    [
        ("en", {"EKINERJA_LANG": "id", "LANG": "id_ID.UTF-8"}, "en"),
        (None, {"EKINERJA_LANG": "en", "LANG": "id_ID.UTF-8"}, "en"),
        (None, {"LANG": "en_GB.UTF-8"}, "en"),
        (None, {"LC_ALL": "en_US.UTF-8", "LANG": "id_ID.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LANG": "id_ID@euro"}, "id"),
        (None, {"LANG": "C.UTF-8"}, "id"),
        (None, {}, "id"),
    ],
)
def test_the_nearer_wish_decides_the_language(option: str | None, environ: dict[str, str], language: str) -> None:
    assert choose(option, environ) == language


@pytest.mark.parametrize(("option", "environ"), [("jv", {}), (None, {"EKINERJA_LANG": "jv"})])
def test_a_language_we_do_not_speak_is_refused_by_name(option: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(WrongUsage, match="'jv'; allowed are id and en"):
        choose(option, environ)


def the_script() -> ModuleType:
    spec = spec_from_loader("translations", SourceFileLoader("translations", str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def catalogue(directory: Path, text: str) -> Path:
    po = directory / "id" / "LC_MESSAGES" / "messages.po"
    po.parent.mkdir(parents=True)
    po.write_text(HEAD + text, encoding="utf-8")
    return po


sentences = st.text(st.characters(exclude_characters="\0\4", exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(sentences, sentences))
def test_what_is_compiled_is_what_gettext_reads(said: dict[str, str]) -> None:
    script = the_script()
    entries = Catalog(locale="id")
    for key, text in said.items():
        entries.add(key, text)
    read = gettext.GNUTranslations(io.BytesIO(script.compiled(entries)))
    assert {key: read.gettext(key) for key in said} == said


def test_a_sentence_keeps_its_translation_a_new_one_waits_and_an_old_one_goes(tmp_path: Path) -> None:
    script = the_script()
    old = script.kept(
        catalogue(
            tmp_path,
            'msgid "gone"\nmsgstr "hilang"\n\n'
            'msgid "{number} day"\nmsgid_plural "{number} days"\nmsgstr[0] "{number} hari"\n',
        )
    )
    now = script.brought_up_to_date(old, [("new {what}", "a.py"), (("{number} day", "{number} days"), "b.py")])
    assert [(one.id, one.string) for one in now if one.id] == [
        ("new {what}", None),
        (("{number} day", "{number} days"), ("{number} hari",)),
    ]
    assert [one.id for one in script.lacking(now)] == ["new {what}"]
    assert b'#: a.py\nmsgid "new {what}"\nmsgstr ""\n' in script.po_text(now, "messages")


def test_a_compiled_catalogue_that_says_less_more_or_something_else_is_out_of_date(tmp_path: Path) -> None:
    script = the_script()

    def entries(*said: tuple[str, str]) -> Catalog:
        made = Catalog(locale="id")
        for key, text in said:
            made.add(key, text)
        return made

    mo = tmp_path / "x.mo"
    assert not script.is_current(mo, entries(("a", "b")))
    mo.write_bytes(script.compiled(entries(("a", "b"))))
    assert script.is_current(mo, entries(("a", "b")))
    for other in (entries(), entries(("a", "c")), entries(("a", "b"), ("c", "d"))):
        assert not script.is_current(mo, other)


def test_a_guess_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        the_script().kept(catalogue(tmp_path, '#, fuzzy\nmsgid "a"\nmsgstr "b"\n'))
    assert str(refused.value).startswith("messages.po:5: a fuzzy entry is a guess")
