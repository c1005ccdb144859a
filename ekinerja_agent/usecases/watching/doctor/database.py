"""Does the central database answer, has it the right schema, what does `db check` say of it, and who delivers to it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ekinerja_agent.central.collected import terminal_logins
from ekinerja_agent.central.schema.checks import shared_login
from ekinerja_agent.central.schema.office_logins import SHARED
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host

if TYPE_CHECKING:
    from sqlalchemy import Engine


def check(host: Host) -> Iterator[Finding]:
    """Yield why the database cannot be used, or what is wrong in it."""
    if (asked := host.config.agent.central.unprotected_host) is not None:
        yield Finding(
            "central",
            Message(
                "{asked} is asked without TLS: who is on the line reads names, and may answer in its place", asked=asked
            ),
            Message("give central.sslmode verify-full and central.sslrootcert in agent.yaml; how: docs/database.md"),
        )
    found = host.central_or_why
    if isinstance(found, EkinerjaError):
        away = Message("start it, or mend the line to it; what is collected waits in the spool")
        yield finding_of(
            found.message, "central", away if found.retryable else Message("run: ekinerja-agent db upgrade")
        )
    else:
        for flaw in host.central_flaws:
            yield finding_of(flaw, "central", Message("compare with the latest backup before anything is changed"))
        yield from _sharing(found) if host.scores else _of_other_logins(host, found)


def _sharing(central: Engine) -> Iterator[Finding]:
    if (sharing := shared_login(central)) is not None:
        yield finding_of(sharing, "central")


def _of_other_logins(host: Host, central: Engine) -> Iterator[Finding]:
    """The shared login hands a terminal over as that of its unit first delivers."""
    with reading(central) as conn:
        login = terminal_logins.held_login(conn)
        owners = terminal_logins.logins_of(conn, [terminal.id for terminal in host.config.terminals])
    for terminal, owner in owners.items():
        if login is not None and owner not in (login, SHARED):
            text = Message(
                "it is a terminal of the database login {owner}, and this host delivers as {login}: what is read here "
                "waits in the spool",
                owner=owner,
                login=login,
            )
            what_to_do = Message(
                "if this host shall deliver it, an operator runs: ekinerja-agent terminal accept {terminal} --login "
                "{login}, and then here: ekinerja-agent spool retry",
                terminal=terminal,
                login=login,
            )
            yield Finding(terminal, text, what_to_do)
