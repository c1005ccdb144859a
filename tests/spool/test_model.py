"""The spool against a toy model, under random adds, deliveries, refusals, retries and crashes."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery, Receipt
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.spool import Spool

START = datetime(2026, 9, 7, tzinfo=UTC)
DECISIONS = st.lists(st.sampled_from(["accept", "accept", "reject", "keep"]), min_size=4, max_size=4)
TERMINALS = st.sampled_from(["lobby", "gate"])


def punch(terminal: str, second: int) -> Punch:
    at = START + timedelta(seconds=second)
    return Punch(terminal, "1", at.replace(tzinfo=None), 1, at, 0, 1, 0, 0, Source.POLL, b"raw")


class SpoolAndModel(RuleBasedStateMachine):
    """Each terminal is read now and then: what was recorded since comes with the stretch that it completes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool.db"
        self.spool = Spool(self.path)
        self.waiting: list[Punch] = []
        self.rejected: list[Punch] = []
        self.central: set[Punch] = set()
        self.recorded: dict[str, list[tuple[Punch, datetime, datetime]]] = {"lobby": [], "gate": []}
        self.read_until = {"lobby": START, "gate": START}
        self.claims: list[Coverage] = []
        self.flight: Delivery | None = None
        self.now = START

    def teardown(self) -> None:
        self.spool.close()
        self.folder.cleanup()

    @rule(terminal=TERMINALS, count=st.integers(0, 3), again=st.booleans(), broken=st.booleans())
    def read(self, terminal: str, count: int, again: bool, broken: bool) -> None:
        since, self.now = self.read_until[terminal], self.now + timedelta(minutes=1)
        new = [punch(terminal, int((self.now - START).total_seconds()) - 30 + n) for n in range(count)]
        known = [each for each, _, _ in self.recorded[terminal]] if again else []
        notes = [] if broken else [Coverage(terminal, since, self.now)]
        added = self.spool.add([*known, *new], notes)
        assert (added.new, added.duplicate) == (len(new), len(known))
        self.waiting += new
        self.recorded[terminal] += [(each, since, self.now) for each in new]
        self.read_until[terminal] = self.now

    @rule(limit=st.integers(1, 4), decisions=DECISIONS)
    def forward(self, limit: int, decisions: list[str]) -> None:
        self.take(limit)
        self.deliver_and_settle(decisions)

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        self.flight = self.spool.waiting(limit)
        assert list(self.flight.punches) == self.waiting[:limit]

    @precondition(lambda self: self.flight is not None)
    @rule(decisions=DECISIONS)
    def deliver_and_settle(self, decisions: list[str]) -> None:
        if self.flight is None:
            return
        decided = list(zip(self.flight.punches, decisions, strict=False))
        accepted = [each for each, decision in decided if decision == "accept" or each in self.central]
        refused = [each for each, decision in decided if decision == "reject" and each not in accepted]
        self.central.update(accepted)
        doubtful = {each.terminal for each in self.flight.punches if each not in accepted}
        self.claims += [n for n in self.flight.notes if isinstance(n, Coverage) and n.terminal not in doubtful]
        self.spool.settle(
            self.flight, Receipt(tuple(p.punch_id for p in accepted), {p.punch_id: "bad" for p in refused})
        )
        for each in accepted:
            for place in (self.waiting, self.rejected):
                if each in place:
                    place.remove(each)
        for each in refused:
            if each in self.waiting:
                self.waiting.remove(each)
                self.rejected.append(each)
        self.flight = None

    @rule()
    def retry(self) -> None:
        assert self.spool.retry() == len(self.rejected)
        self.waiting = sorted(self.waiting + self.rejected, key=self._sequence)
        self.rejected = []

    @rule()
    def crash(self) -> None:
        """A crash after central took a delivery and before it was settled: the delivery will be repeated."""
        if self.flight is not None:
            self.central.update(self.flight.punches)
            self.claims += [n for n in self.flight.notes if isinstance(n, Coverage)]
            self.flight = None
        self.spool.close()
        self.spool = Spool(self.path)

    @invariant()
    def every_punch_waits_or_is_in_central(self) -> None:
        counts = self.spool.counts()
        assert (counts.waiting, counts.rejected) == (len(self.waiting), len(self.rejected))
        for terminal, records in self.recorded.items():
            assert len(self.spool.known_counts(terminal)) == len(records)
            for each, _, _ in records:
                assert each in self.central or each in self.waiting or each in self.rejected

    @invariant()
    def coverage_claims_only_what_is_in_central(self) -> None:
        for claim in self.claims:
            for each, since, until in self.recorded[claim.terminal]:
                overlaps = (claim.start is None or claim.start < until) and since < claim.end
                assert not overlaps or each in self.central

    def _sequence(self, each: Punch) -> tuple[datetime, str]:
        read_at = next(until for known, _, until in self.recorded[each.terminal] if known == each)
        return read_at, str(each.clock)


TestSpoolAndModel = SpoolAndModel.TestCase
TestSpoolAndModel.settings = settings(max_examples=120, stateful_step_count=30)
