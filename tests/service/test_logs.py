"""What only a person has never reaches the log, whatever brings it along."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from ekinerja_agent.central.store.engine import connect

NIP = "199001012015011001"
PROGRAM = """
import logging, sys
from ekinerja_agent.host import logs
logs.configure(sys.argv[1], "info")
log = logs.logger()
log.info("a.event", text="NIP {nip}.", several=["x {nip}", {{"y": "{nip}"}}], number=7, longer="1{nip}")
try:
    raise ValueError('duplicate\\nDETAIL:  Key (nip, pin)=({nip}, 1001) already exists.')
except ValueError:
    log.exception("b.broke")
library = logging.getLogger("some.library")
library.info("not told")
library.warning("%s was asked for", "{nip}")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_eighteen_digits_are_struck_out_of_every_field_and_traceback(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(nip=NIP), form], capture_output=True, text=True, check=True
    )
    assert NIP not in done.stderr.replace(f"1{NIP}", "")
    assert "1001" not in done.stderr.replace(f"1{NIP}", "")
    assert "ValueError: duplicate" in done.stderr
    if form == "json":
        first = json.loads(done.stderr.splitlines()[0])
        assert (first["text"], first["number"], first["longer"]) == ("NIP (struck out).", 7, f"1{NIP}")
        assert first["several"] == ["x (struck out)", {"y": "(struck out)"}]
        last = json.loads(done.stderr.splitlines()[-1])
        told = {"event": "library.warning", "library": "some.library", "said": "(struck out) was asked for"}
        assert last.items() >= told.items()
    assert "not told" not in done.stderr


def test_an_error_of_the_database_does_not_tell_the_values(central_url: str, central: Engine) -> None:
    engine = connect(central_url)
    with pytest.raises(IntegrityError) as refused, engine.begin() as conn:
        conn.execute(text("insert into terminal_facts (terminal) values (:terminal)"), {"terminal": "PIN-774411001"})
    engine.dispose()
    assert "[SQL parameters hidden" in str(refused.value)
