"""What every chapter of the demo's story needs. Does not know the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ekinerja_agent.demo import files
from ekinerja_agent.demo.play import Stage
from ekinerja_agent.nouns.messages import Message, joined, plural
from ekinerja_agent.usecases.importing import imports

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.demo.voice import Voice
    from ekinerja_agent.rules import RuleBook


@dataclass(frozen=True, slots=True)
class Telling:
    """What every chapter needs: who speaks, where the files are, what is played, by which rules, as whom."""

    voice: Voice
    place: files.Place
    stage: Stage
    rules: RuleBook
    account: Account

    def bring(self, kind: str, table: str | None = None) -> imports.Imported:
        """Import a file as `ekinerja-agent import` does, and say what became of it."""
        path = self.place.table(table or kind)
        done = imports.import_facts(
            self.stage.engine,
            self.account,
            kind,
            imports.ImportFile(path.name, path.read_bytes()),
            now=self.stage.clock.now(),
            rules=self.rules,
            profile=self.stage.config.agent.profile,
        )
        became = plural("{number} row stored", "{number} rows stored", done.stored)
        if done.rejected:
            became = Message(
                "{stored}, {count} of them rejected: {first}",
                stored=became,
                count=len(done.rejected),
                first=done.rejected[0].as_message(),
            )
        self.voice.lines([joined(" ", (f"{path.name:<24}", became))])
        return done

    def command(self, words: str) -> None:
        """Show the command that does the same on the demo's directory."""
        self.voice.command(f"ekinerja-agent --config {self.place.shown_agent} {words}")
