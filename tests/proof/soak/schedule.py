"""One random schedule: punches, polls, faults, crashes, deliveries and clocks that jump, all from one number.

The real collector, spool and central run; the terminals are simulated and the hours pass as fast as the computer can.
At the end the misfortunes stop, everything is read and delivered once more, and central must hold what was punched.
Raise PunchesDiffer with the number and the steps if it does not. Does not know how many schedules there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.simulator import Device, Model, Record, Switchboard
from ekinerja_agent.simulator.codec import Command, pack_time
from ekinerja_agent.simulator.faults import Fault, Transport, before, named_fault
from ekinerja_agent.simulator.rows import record_encoder
from ekinerja_agent.terminals import AmbiguousLog
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.collecting.push import Receiver
from tests.proof.soak.door import Door
from tests.proof.soak.manners import require_manners
from tests.proof.soak.misfortunes import CRASH_POINTS, BrittleSpool, Crash, struck
from tests.proof.soak.truth import PunchesDiffer, Truth
from tests.proof.soak.uploads import FORMS, Uploads

START = datetime(2026, 9, 7, 0, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Makassar")
STEPS = 60
PATIENCE_S = 5.0
"""Of a poll that nothing disturbs: this computer may be busy."""
IMPATIENCE_S = 0.3
"""Of a poll of a terminal that may never answer."""
REFUSED_PIN = "13"
"""Central's own database refuses this PIN while the schedule asks it to."""

WAYS: tuple[Transport, ...] = ("tcp", "tcp", "udp")
WAYS_IN = ("poll", "poll", "push", "both")
HABITS = ("old-firmware", "ignore-offset", "round-offset=4", "round-offset=1000", "no-snapshot", "late-counts=3")
"""What a terminal may be like for the whole schedule."""


class Schedule:
    """Given a number and an empty directory for the spool, one schedule against `central`. Terminals plug into `board`,
    push to `door`, or do both.

    A database may serve many schedules: terminals are named by the number.
    """

    def __init__(self, seed: int, central: Engine, board: Switchboard, door: Door, directory: Path) -> None:
        self.seed = seed
        self.steps: list[str] = []
        self.tally: Counter[str] = Counter()
        self._central = central
        self._board = board
        self._door = door
        self._directory = directory
        self._random = Random(seed)
        self._true_now = START
        self._host_error = timedelta(0)
        self._host_jumped = False
        self._spool = BrittleSpool(directory / "spool.db", self._host_now)
        self._uploads: dict[str, Uploads] = {}
        self._walls = [self._hang_up(number) for number in range(self._random.choice((1, 1, 2, 3)))]
        door.now = self._host_now
        self._serve()

    def run(self) -> None:
        """Run it to the end. Raise PunchesDiffer."""
        calm = self._random.random() < 0.5  # tail reads need a log in order, so half of all schedules keep one
        chances = {
            self._punch: 10,
            self._poll: 12 if calm else 8,
            self._poll_with_fault: 5,
            self._deliver: 4,
            self._deliver_into_trouble: 3,
            self._crash: 3,
            self._upload: 10,
            self._upload_with_trouble: 6,
            self._fill_the_disk: 2,
            self._wait: 5,
            self._change_terminal_clock: 0 if calm else 1,
            self._jump_host_clock: 1 if self._random.random() < 0.3 else 0,
            self._lose_oldest: 2,
            self._clear: 1,
            self._refuse: 1,
            self._accept_again: 1,
            self._cut_power: 0 if calm else 1,
        }
        actions: list[Callable[[], None]] = self._random.choices(
            list(chances), list(chances.values()), k=self._random.randint(STEPS // 2, STEPS)
        )
        try:
            for action in actions:
                action()
            self._recover()
            for full in (None, True):  # the tails alone must have brought everything, and a full read adds nothing
                self._read_and_deliver(full)
                self._compare()
            self.tally["punches"] += sum(len(wall.device.history) for wall in self._walls)
        except PunchesDiffer as error:
            steps = "\n  ".join(self.steps)
            raise PunchesDiffer(f"schedule {self.seed}: {error}\n  {steps}") from error
        finally:
            self._close()

    # -- the world ---------------------------------------------------------------------------------------

    def _host_now(self) -> datetime:
        return self._true_now + self._host_error

    def _hang_up(self, number: int) -> Truth:
        chance = self._random
        way = chance.choice(WAYS_IN)
        device = Device(
            serial=f"S{self.seed}N{number}",
            model=Model(
                layout=chance.choice((16, 40, 40, 49) if way == "both" else (8, 16, 40, 40, 49)),
                data_payload_bytes=chance.choice((200, 1008, 65_528)),
            ),
            now=lambda: self._true_now,
            zone=ZONE,
        )
        if chance.random() < 0.25:
            habit = named_fault(chance.choice(HABITS))
            if habit.prepare:
                habit.prepare(device)
        for pin in (*range(1, 6), int(REFUSED_PIN)):
            device.enrol(str(pin))
        wall = Truth(f"s{self.seed}-t{number}", device, transport=None if way == "push" else chance.choice(WAYS))
        if way != "poll":
            if wall.transport is None:
                device.model = replace(device.model, layout=40)  # an upload names PINs, whatever the log holds
            wall.forms = (record_encoder(device.model.layout), *FORMS)
            self._uploads[wall.terminal] = Uploads(wall, ZONE, self._door.port, chance)
        for _ in range(chance.choice((0, 3, 70, 100, 150, 400))):
            self._true_now += timedelta(seconds=chance.randint(0, 30))
            device.punch(str(chance.randint(1, 5)))
        return wall

    def _say(self, step: str) -> None:
        self.steps.append(f"{self._true_now:%H:%M:%S} {step}")

    def _wall(self) -> Truth:
        return self._random.choice(self._walls)

    def _serve(self) -> None:
        walls = [wall for wall in self._walls if wall.terminal in self._uploads]
        self._door.receiver = Receiver(
            self._spool,
            [self._configured(wall, wall.transport, "127.0.0.1:9", wall.device.serial) for wall in walls],
            tolerance_s=120,
            host_clock_trusted=lambda: not self._host_jumped,
            most_body_bytes=1 << 20,
        )

    def _close(self) -> None:
        receiver, self._door.receiver = self._door.receiver, None
        if receiver is not None:
            receiver.close()
        for uploads in self._uploads.values():
            uploads.close()
        self._spool.close()

    def _reopen(self) -> None:
        self._close()
        self._spool = BrittleSpool(self._directory / "spool.db", self._host_now)
        self._serve()

    def _configured(self, wall: Truth, transport: Transport | None, address: str, serial: str) -> TerminalConfig:
        written = {"id": wall.terminal, "office": "DINKES", "timezone": ZONE.key, "serial": serial}
        way: dict[str, object] = {"transport": transport, "address": address} if transport else {"transport": "none"}
        if wall.terminal in self._uploads:
            way |= {"push": "true", "push_from": ["127.0.0.1/32"]}
        return TerminalConfig.model_validate(written | way, context={"base": self._directory})

    # -- punches and clocks ------------------------------------------------------------------------------

    def _punch(self) -> None:
        wall, chance = self._wall(), self._random
        pin = chance.choice(("1", "2", "3", "4", "5", REFUSED_PIN))
        if chance.random() < 0.06:
            user = wall.device.users[pin]
            packed = pack_time((self._true_now.year, 2, 30), (7, chance.randint(0, 59), 11))
            wall.device.write(Record(user.uid, pin, packed, at=self._true_now))
            self._say(f"{wall.terminal}: February 30")
        else:
            times = chance.choice((1, 1, 1, 2, 3, 12))
            for _ in range(times):
                wall.device.punch(pin)
            self._say(f"{wall.terminal}: {times} punches of {pin} at {wall.device.clock()}")
            self._true_now += timedelta(seconds=chance.choice((0, 1, 7, 20)))

    def _wait(self) -> None:
        self._true_now += timedelta(seconds=self._random.choice((1, 30, 60, 60, 300, 900)))

    def _change_terminal_clock(self) -> None:
        wall = self._wall()
        day_s = 86_400
        wall.device.offset_s = self._random.choice((-7200, -3600, -90, 0, 60, 600, 3600, 4 * day_s, -1000 * day_s))
        self._say(f"{wall.terminal}: its clock is now {wall.device.offset_s} s ahead")

    def _jump_host_clock(self) -> None:
        self._host_jumped = True
        self._host_error = timedelta(hours=self._random.choice((-20, -1, 0, 1, 20)))
        self._say(f"the host's clock is now {self._host_error} ahead")

    def _cut_power(self) -> None:
        wall = self._wall()
        keeps = self._random.random() < 0.5
        wall.device.model = replace(wall.device.model, keeps_clock=keeps)
        wall.device.power_off(self._random.choice((5, 600, 3600)))
        self._say(f"{wall.terminal}: no power; it {'keeps' if keeps else 'loses'} its clock")

    # -- what a terminal forgets, only after it was read ----------------------------------------------------

    def _lose_oldest(self) -> None:
        wall = self._wall()
        possible = wall.deletable()
        if possible:
            lost = min(possible, self._random.choice((1, 2, 57, 64, 999)))
            wall.device.delete_oldest(lost)
            self._say(f"{wall.terminal}: loses its oldest {lost}")

    def _clear(self) -> None:
        wall = self._wall()
        if wall.deletable() == len(wall.device.log):
            wall.device.clear()
            self._say(f"{wall.terminal}: somebody clears it")

    # -- polls -------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        wall = self._read_wall()
        if wall is None:
            return
        full = True if self._random.random() < 0.1 else None
        self._poll_wall(wall, None, PATIENCE_S if wall.device.powered else IMPATIENCE_S, full=full)

    def _poll_with_fault(self) -> None:
        wall = self._read_wall()
        if wall is not None:
            self._poll_wall(wall, self._misfortune(wall), IMPATIENCE_S)

    def _read_wall(self) -> Truth | None:
        walls = [wall for wall in self._walls if wall.transport is not None]
        return self._random.choice(walls) if walls else None

    def _misfortune(self, wall: Truth) -> Fault:
        chance = self._random
        if chance.random() < 0.15:
            command = chance.choice((Command.FREE_SIZES, Command.PREPARE_BUFFER, Command.READ_BUFFER))
            lost = min(wall.deletable(), chance.choice((1, 5, 64)))
            strike = before(command, lambda device: device.delete_oldest(lost), occurrences={1})
            return Fault(f"loses {lost} at {command}", strike=strike)
        names = (
            "hang",
            "close-mid-transfer",
            "half-close",
            f"cut-connection={chance.randint(1, 6000)}",
            f"reset-connection={chance.randint(1, 6000)}",
            f"cut-packets={chance.randint(40, 2000)}",
            "join-packets",
            "wrong-checksum",
            f"garbage={chance.randint(1, 100)}",
            "stray-acks",
            f"drop-datagram={chance.randint(1, 4)}",
            f"duplicate-datagram={chance.randint(1, 4)}",
            f"reorder-datagrams={chance.randint(1, 4)}",
            f"lose-answers={chance.randint(2, 9)}",
            "blank-slot",
            f"late-counts={chance.randint(-5, 50)}",
            f"punch-before={chance.choice((50, 201, 1503, 1504, 1502, 1001))}",
            "punch-within",
            f"punch-at-request={chance.randint(1, 14)}",
            f"punch-at-packet={chance.randint(1, 20)}",
            "encrypted",
            f"reboot={chance.randint(1, 3)}",
            f"power-cut={chance.choice((0, 60))}",
            f"clock-jump={chance.choice((-3600, -60, 60, 3600))}",
            f"another-serial={chance.randint(1, 2)}",
        )
        return named_fault(chance.choice(names))

    def _poll_wall(self, wall: Truth, fault: Fault | None, reply_timeout_s: float, *, full: bool | None = None) -> bool:
        """Return whether the terminal could be read, or its log was kept whole because nobody can tell it apart."""
        device, held, visible = wall.device, len(wall.device.history), wall.visible()
        asked_before = len(device.commands)
        serial = device.serial
        assert wall.transport is not None
        transport = wall.transport if self._random.random() < 0.95 else other_way(wall.transport)
        endpoint = self._board.connect(device, transport, faults=(fault,) if fault else ())
        config = self._configured(wall, transport, f"{endpoint.host}:{endpoint.port}", serial)
        outcome = ""
        try:
            result = collect.poll(
                config,
                self._spool,
                state_dir=self._directory,
                tolerance_s=120,
                reply_timeout_s=reply_timeout_s,
                host_clock_trusted=not self._host_jumped,
                full=full,
                now=self._host_now,
            )
        except (EkinerjaError, Crash) as error:
            outcome = f"{type(error).__name__} {str(error)[:200]}"
            self.tally[f"polls {'crashed' if isinstance(error, Crash) else 'failed'}"] += 1
            if isinstance(error, Crash):
                self._reopen()
            return isinstance(error, AmbiguousLog)
        else:
            wall.read = held
            wall.seen |= visible & wall.visible()  # what stood there before and after was there for the read
            outcome = f"{result.mode}, {result.new} new"
            self.tally[f"polls {result.mode}"] += 1
            if fault is None:
                require_manners([asked.command for asked in device.commands][asked_before:])
            return True
        finally:
            self._true_now += timedelta(seconds=self._random.choice((0, 1, 2)))
            endpoint.close()
            device.serial = serial
            self._say(f"{wall.terminal}: poll over {transport}, {fault.name if fault else 'no fault'}: {outcome}")

    def _crash(self) -> None:
        point = self._random.choice(CRASH_POINTS)
        self._spool.crash_at = point
        self._say(f"the process will die {point}")
        if "add" not in point:
            self._deliver()
        elif self._uploads and self._random.random() < 0.5:
            self._upload()
            self._reopen()  # whoever died took no upload to its end, and its threads with it
        else:
            self._poll()
        self._spool.crash_at = None

    # -- uploads -----------------------------------------------------------------------------------------

    def _pusher(self) -> Uploads | None:
        """A terminal that pushes and has power and a line, if there is one."""
        able = [uploads for uploads in self._uploads.values() if uploads.wall.device.powered]
        return self._random.choice(able) if able else None

    def _upload(self) -> None:
        uploads = self._pusher()
        if uploads is not None:
            self._note(uploads, "uploads", uploads.send())

    def _upload_with_trouble(self) -> None:
        uploads = self._pusher()
        if uploads is None:
            return
        troubles = {
            "answer lost": uploads.lose_answer,
            "upload repeated": uploads.repeat,
            "upload cut": uploads.cut,
            "length wrong": uploads.count_wrong,
            "memory lost": uploads.forget,
            "sent anew": lambda: self._ask_anew(uploads),
            "made up": uploads.made_up,
        }
        name = self._random.choice(list(troubles))
        self._note(uploads, name, troubles[name]())

    def _ask_anew(self, uploads: Uploads) -> str:
        self._spool.ask(uploads.wall.terminal, "reupload", by="siti")
        return uploads.anew()

    def _fill_the_disk(self) -> None:
        self._say("the disk is full")
        with self._spool.disk_full():
            uploads = self._pusher()
            if uploads is None or self._random.random() < 0.3:
                self._poll()
            else:
                self._note(uploads, "full disks", uploads.send())
        self._say("there is room again")

    def _note(self, uploads: Uploads, what: str, outcome: str) -> None:
        self._true_now += timedelta(seconds=self._random.choice((0, 1, 2)))
        self.tally[what] += 1
        self._say(f"{uploads.wall.terminal}: {what}: {outcome}")

    # -- central -----------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        self._forward()
        self._check_claims()

    def _forward(self) -> None:
        try:
            moved = forward(self._spool, self._central, now=self._host_now)
        except (EkinerjaError, Crash) as error:
            self._say(f"delivery: {type(error).__name__} {str(error)[:200]}")
            self.tally["deliveries cut"] += 1
            if isinstance(error, Crash):
                self._reopen()
        else:
            self._say(f"delivery: {moved.delivered} taken, {moved.rejected} refused")
            self.tally["deliveries"] += 1

    def _deliver_into_trouble(self) -> None:
        with struck(self._central, self._random.randint(1, 25), crash=self._random.random() < 0.5):
            self._forward()
        self._check_claims()

    def _refuse(self) -> None:
        self._set_refusal(f"insert into soak_refused values ('{REFUSED_PIN}', 's{self.seed}-t0')")
        self._say(f"central refuses PIN {REFUSED_PIN} of the first terminal")

    def _accept_again(self) -> None:
        self._set_refusal(f"delete from soak_refused where terminal = 's{self.seed}-t0'")
        self._say(f"central takes it again: {self._spool.retry()} wait once more")

    def _set_refusal(self, statement: str) -> None:
        with transaction(self._central) as conn:
            conn.execute(text(statement))

    # -- the end -----------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Everything is well again: power, lines, central; the host's clock is right."""
        self._host_error = timedelta(0)
        self._true_now += timedelta(hours=2)
        self._accept_again()
        for wall in self._walls:
            wall.device.power_on()
            wall.device.offset_s = 0
            for _ in range(40):  # enough good records that a log of nonsense can be told apart
                self._true_now += timedelta(seconds=3)
                wall.device.punch("1")

    def _read_and_deliver(self, full: bool | None) -> None:
        for wall in self._walls:
            uploads = self._uploads.get(wall.terminal)
            if uploads is not None:
                if full:
                    self._spool.ask(wall.terminal, "reupload", by="siti")
                if not uploads.send_all(anew=full is True):
                    raise PunchesDiffer(f"{wall.terminal} cannot push although nothing is wrong with it")
            for _ in range(2 if wall.transport is not None else 0):
                if not self._poll_wall(wall, None, PATIENCE_S, full=full):
                    raise PunchesDiffer(f"{wall.terminal} cannot be read although nothing is wrong with it")
        self._deliver()

    def _compare(self) -> None:
        counts = self._spool.counts()
        if counts.waiting or counts.rejected or counts.notes:
            raise PunchesDiffer(f"the spool is not empty: {counts}")
        with reading(self._central) as conn:
            for wall in self._walls:
                wall.compare(conn, until=self._true_now)

    def _check_claims(self) -> None:
        """While the host's clock is right, coverage is never ahead of the punches."""
        if not self._host_jumped:
            with reading(self._central) as conn:
                for wall in self._walls:
                    if wall.terminal not in self._uploads or self._uploads[wall.terminal].keeps_order:
                        wall.check_claims(conn)


def other_way(transport: Transport) -> Transport:
    """Given how a terminal is reached, return how else it can be."""
    return "tcp" if transport == "udp" else "udp"
