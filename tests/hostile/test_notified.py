"""What somebody who is told by `notify` does to the service that tells."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ekinerja_agent.config import TargetConfig
from ekinerja_agent.notify import Letter, Mail, Webhook
from ekinerja_agent.notify.letter import Way
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.usecases.watching.health import outbox
from tests.notify.test_outbox import WRONG, Desk
from tests.proof.box import until

LETTER = Letter("1", "server", "warning", "a terminal is away", "text", datetime(2026, 9, 1, tzinfo=UTC))
DEADLINE_S = 1.0
FOR_EVER_S = 60.0
"""Far more than the deadline, so that no busy machine makes one of the other."""


@contextmanager
def dribbling(said: bytes) -> Iterator[int]:
    """The port of somebody who says a few bytes, and from then on one more letter each tenth of a second."""

    def dribble(here: socket.socket) -> None:
        with suppress(OSError), here.accept()[0] as line:
            line.sendall(said)
            while True:
                time.sleep(0.1)
                line.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as here:
        thread = threading.Thread(target=dribble, args=(here,))
        thread.start()
        yield here.getsockname()[1]
        here.shutdown(socket.SHUT_RDWR)
        thread.join()


WAYS: dict[str, Callable[[int], Way]] = {
    "webhook": lambda port: Webhook(f"http://127.0.0.1:{port}"),
    "webhook over TLS": lambda port: Webhook(f"https://127.0.0.1:{port}"),
    "mail": lambda port: Mail("127.0.0.1", port, "a@b.test", "c@d.test", starttls=False),
}


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"220 mail\r\n", b"220-"], ids=ascii)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_t40_a_target_that_answers_a_byte_now_and_then_is_left_after_one_deadline(
    way: Callable[[int], Way], said: bytes
) -> None:
    """Before: each byte gave it twenty seconds more, other targets waited, and the watchdog restarted the service."""
    with dribbling(said) as port:
        began_s = time.monotonic()
        is_taken = said.startswith(b"HTTP") and way is WAYS["webhook"]  # the status came; nobody needs the rest
        with nullcontext() if is_taken else pytest.raises(TemporarilyUnavailable):
            way(port).send(LETTER, DEADLINE_S)
        assert time.monotonic() - began_s < FOR_EVER_S


def test_t40_a_slow_target_keeps_no_other_waiting_and_is_not_begun_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    sent: list[str] = []
    began: list[bool] = []

    class Told:
        def __init__(self, target: TargetConfig) -> None:
            self._slow = "slow" in str(target.url)

        def send(self, letter: Letter, _timeout_s: float) -> None:
            began.append(self._slow)
            if self._slow:
                free.wait(FOR_EVER_S)
            sent.append(letter.subject)

    monkeypatch.setattr(outbox, "way_to", Told)
    monkeypatch.setattr(outbox, "ROUND_WITHIN_S", 0.3)
    targets = [{"kind": "webhook", "url": f"https://{name}.test"} for name in ("slow", "quick")]
    desk = Desk(tmp_path, *targets)
    desk.round(WRONG)
    for _ in range(3):
        desk.outbox.deliver()
    assert (sorted(began), len(sent)) == ([False, True], 1)
    free.set()
    until(lambda: len(sent) == 2, "the slow one is told too")
