"""A directory of rule files into a RuleBook, or into every problem of every file.

Promises that no YAML file in the directory is passed over in silence: one that this version does not know is
a problem, because a rule in it would not be applied. Does not know what a rule means.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from ekinerja_agent.nouns.errors import ConfigurationError, Problem
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.rulebook.adoption import EVERY_VALUE, profile_values, schedule_values
from ekinerja_agent.rulebook.build import (
    ProfileBuilder,
    RuleFile,
    build_adoptions,
    build_holidays,
    build_ramadans,
    build_schedules,
    build_unexcused,
)
from ekinerja_agent.rulebook.digest import digest_of
from ekinerja_agent.rulebook.files import AdoptedFile, HolidaysFile, RamadanFile, SchedulesFile, UnexcusedFile
from ekinerja_agent.rulebook.profile_file import ProfileFile
from ekinerja_agent.rulebook.shipped import shipped_files
from ekinerja_agent.rules import Holiday, Profile, RuleBook, Schedule
from ekinerja_agent.yamlfile import allowed_words, load
from ekinerja_agent.yamlfile.scalars import ID_PATTERN

M = TypeVar("M", bound=BaseModel)

YEAR_PATTERN: Final = "[0-9]{4}"
SINGLE_FILES: Final = ("schedules.yaml", "ramadan.yaml", "unexcused.yaml")
FOLDERS: Final = ("holidays", "profiles", "schedules")
ADOPTED: Final = "adopted.yaml"
"""The one file that need not be there."""
LAYOUT: Final = joined(
    ", ",
    (
        *SINGLE_FILES,
        "holidays/YEAR.yaml",
        "profiles/NAME.yaml",
        Message("optionally schedules/NAME.yaml and {adopted}", adopted=ADOPTED),
    ),
)


MOST_KEPT: Final = 4
_KEPT: Final[dict[bytes | None, RuleBook]] = {}
"""Rules by what their files say: a book depends on nothing else, not on where the directory lies."""
_TURN: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be said of a rules directory, right or wrong. `book` is None if there are problems.

    `files` are the rule files that were read, `profiles` the names of those in profiles/, right or wrong.
    """

    book: RuleBook | None
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]
    profiles: tuple[str, ...]


def load_rulebook(directory: Path) -> RuleBook:
    """Given the rules directory, return its rules. Raise ConfigurationError: every problem of every file.

    Files that say what they said when they were last read by this process are not parsed again.
    """
    with _TURN:
        said = _said(directory)
        if said in _KEPT:
            return _KEPT[said]
        rules = survey_rules(directory)
        if rules.book is None:
            raise ConfigurationError(rules.problems)
        if said is not None and _said(directory) == said:
            if len(_KEPT) == MOST_KEPT:
                del _KEPT[next(iter(_KEPT))]
            _KEPT[said] = rules.book
        return rules.book


def _said(directory: Path) -> bytes | None:
    """A digest of every file that loading may look at; None if they cannot be read just now."""
    digest = hashlib.sha256()
    try:
        # A folder may be a link, which rglob does not follow.
        of_folders = (path for folder in FOLDERS for path in (directory / folder).glob("*.y*ml"))
        for path in sorted({*directory.rglob("*.y*ml"), *of_folders}):
            name, data = str(path.relative_to(directory)).encode(), path.read_bytes()
            digest.update(b"%d %s %d " % (len(name), name, len(data)) + data)
    except (OSError, ValueError):
        return None
    return digest.digest()


def survey_rules(directory: Path) -> Rules:
    """Given the rules directory, return all that is wrong in it, and the rules if nothing is."""
    try:
        next(directory.iterdir(), None)
    except OSError as error:
        message = Message(
            "the directory cannot be read ({reason}); the rules directory holds {layout}",
            reason=error.strerror,
            layout=LAYOUT,
        )
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            message = Message("there is no such directory; the rules directory holds {layout}", layout=LAYOUT)
        return Rules(None, (Problem(str(directory), 0, 0, "", message),), (), ())
    reader = _Reader(directory)
    book = reader.read()
    return Rules(book, tuple(sorted(reader.problems)), tuple(reader.files), tuple(reader.profiles))


class _Reader:
    """Reads the files of one directory; `problems` grows as they are read."""

    def __init__(self, directory: Path) -> None:
        self.problems: list[Problem] = []
        self.files: list[Path] = []
        self.profiles: list[str] = []
        self._directory = directory

    def read(self) -> RuleBook | None:
        self.problems.extend(self._strangers())
        ramadan_file = self._load("ramadan.yaml", RamadanFile)
        unexcused_file = self._load("unexcused.yaml", UnexcusedFile)
        holidays, years = self._holidays()
        schedules = self._schedules()
        files = self._profiles()
        broken = [name for name in self.profiles if name not in files]
        profiles = ProfileBuilder(files, broken, schedules, self.problems).build()
        adopted_file = self._load(ADOPTED, AdoptedFile) if (self._directory / ADOPTED).exists() else None
        if adopted_file:
            self.problems.extend(_adoption_doubts(adopted_file, self.profiles, profiles, schedules or {}))
        if self.problems or schedules is None or ramadan_file is None or unexcused_file is None:
            return None
        book = RuleBook(
            profiles=profiles,
            schedules=schedules,
            holidays=holidays,
            holiday_years=frozenset(years),
            ramadans=build_ramadans(ramadan_file),
            unexcused=build_unexcused(unexcused_file),
            adoptions=build_adoptions(adopted_file) if adopted_file else (),
            digest="",
            shipped=shipped_files(self._directory, self.files),
        )
        return digest_of(book)

    def _strangers(self) -> Iterator[Problem]:
        """Yield the YAML files that stand where none is read."""
        for path in sorted(self._directory.rglob("*.y*ml")):
            name = path.relative_to(self._directory).as_posix()
            known = name in (*SINGLE_FILES, ADOPTED) or re.fullmatch(
                rf"(holidays/{YEAR_PATTERN}|(profiles|schedules)/{ID_PATTERN})\.yaml", name
            )
            if not known:
                message = Message(
                    "this file is not read, so nothing in it would apply; the rules directory holds {layout}",
                    layout=LAYOUT,
                )
                yield Problem(str(path), 0, 0, "", message)

    def _load(self, name: str, model: type[M]) -> RuleFile[M] | None:
        path = self._directory / name
        self.files.append(path)
        loaded = load(path, model, self.problems)
        return RuleFile(name, loaded.value, loaded.document) if loaded else None

    def _names(self, folder: str, pattern: str) -> list[str]:
        """Given a folder, return the names in it without `.yaml`; a folder without any is a problem."""
        paths = (self._directory / folder).glob("*.yaml")
        names = sorted(path.stem for path in paths if re.fullmatch(pattern, path.stem))
        if not names:
            message = Message("no file is there; the rules directory holds {layout}", layout=LAYOUT)
            self.problems.append(Problem(str(self._directory / folder), 0, 0, "", message))
        return names

    def _schedules(self) -> dict[str, Schedule] | None:
        """Return the schedules of schedules.yaml and of all files in schedules/; None if one of them is wrong."""
        paths = sorted((self._directory / "schedules").glob("*.yaml"))
        own = [f"schedules/{path.name}" for path in paths if re.fullmatch(ID_PATTERN, path.stem)]
        loaded = [self._load(name, SchedulesFile) for name in ("schedules.yaml", *own)]
        files = [file for file in loaded if file is not None]
        schedules: dict[str, Schedule] = {}
        homes: dict[str, str] = {}
        for file in files:
            for name, schedule in build_schedules(file).items():
                if name in homes:
                    message = Message(
                        "{file} has a schedule {name} already; give this one another name", file=homes[name], name=name
                    )
                    self.problems.append(file.document.key_problem(("schedules", name), message))
                homes.setdefault(name, file.name)
                schedules.setdefault(name, schedule)
        return schedules if len(files) == len(loaded) else None

    def _holidays(self) -> tuple[dict[date, Holiday], list[int]]:
        holidays: dict[date, Holiday] = {}
        years: list[int] = []
        for name in self._names("holidays", YEAR_PATTERN):
            file = self._load(f"holidays/{name}.yaml", HolidaysFile)
            if file is None:
                continue
            self.problems.extend(_holiday_doubts(file, int(name)))
            holidays.update(build_holidays(file))
            years.append(int(name))
        return holidays, years

    def _profiles(self) -> dict[str, RuleFile[ProfileFile]]:
        """Return the files of the profiles that are right in themselves, by name."""
        self.profiles = self._names("profiles", ID_PATTERN)
        files = {name: self._load(f"profiles/{name}.yaml", ProfileFile) for name in self.profiles}
        return {name: file for name, file in files.items() if file is not None}


def _holiday_doubts(file: RuleFile[HolidaysFile], year: int) -> Iterator[Problem]:
    """Yield days outside the year that the file's name says, and days that stand twice."""
    first_lines: dict[date, int] = {}
    for index, entry in enumerate(file.value.holidays):
        path = ("holidays", index, "date")
        if entry.date.year != year:
            yield file.document.problem(
                path,
                Message("{date} was found; only days of {year} are allowed in this file", date=entry.date, year=year),
            )
        line = first_lines.setdefault(entry.date, file.document.line(path))
        if line != file.document.line(path):
            yield file.document.problem(
                path,
                Message("{date} stands on line {line} too; join both names in one entry", date=entry.date, line=line),
            )


def _adoption_doubts(
    file: RuleFile[AdoptedFile],
    names: Sequence[str],
    profiles: Mapping[str, Profile],
    schedules: Mapping[str, Schedule],
) -> Iterator[Problem]:
    """Yield profiles and values that do not exist, and values that one profile adopts twice.

    `names` are those of all files in profiles/, `profiles` those that are right.
    """
    of_schedules = {values.name for schedule in schedules.values() for values in schedule_values(schedule)}
    first_lines: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(file.value.adopted):
        if entry.profile not in names:
            message = Message(
                "there is no profile {profile}; {allowed}",
                profile=repr(entry.profile),
                allowed=allowed_words(entry.profile, names),
            )
            yield file.document.problem(("adopted", index, "profile"), message)
        path = ("adopted", index, "value")
        profile = profiles.get(entry.profile)
        if profile is not None:
            known = {EVERY_VALUE, *of_schedules, *(values.name for values in profile_values(profile))}
            if entry.value not in known:
                message = Message(
                    "{profile} has no value {value}; {allowed}",
                    profile=entry.profile,
                    value=repr(entry.value),
                    allowed=allowed_words(entry.value, known),
                )
                yield file.document.problem(path, message)
        line = first_lines.setdefault((entry.profile, entry.value), file.document.line(path))
        if line != file.document.line(path):
            message = Message(
                "{value} of {profile} stands on line {line} too; keep the decree that is in force",
                value=entry.value,
                profile=entry.profile,
                line=line,
            )
            yield file.document.problem(path, message)
