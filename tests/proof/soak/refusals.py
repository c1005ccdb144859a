"""A central that refuses some punches for a while: its own database does, so that the refusal is a real one.

Does not know why anybody would.
"""

from __future__ import annotations

from sqlalchemy import Engine, text

from ekinerja_agent.central.store.engine import transaction


def prepare(central: Engine) -> None:
    """Given an empty central, let its database refuse the PINs that stand in a table `soak_refused`."""
    refused = "exists (select 1 from soak_refused r where r.pin = new.pin and r.terminal = new.terminal)"
    with transaction(central) as conn:
        conn.execute(text("create table soak_refused (pin text, terminal text)"))
        if central.dialect.name == "sqlite":
            conn.exec_driver_sql(
                f"create trigger soak_refuse before insert on punches when {refused} "
                "begin select raise(abort, 'refused by the schedule'); end"
            )
        else:
            conn.exec_driver_sql(
                "create function soak_refuse() returns trigger language plpgsql as $$ begin "
                f"if {refused} then raise exception 'refused by the schedule' using errcode = '23514'; end if; "
                "return new; end $$"
            )
            conn.exec_driver_sql(
                "create trigger soak_refuse before insert on punches for each row execute function soak_refuse()"
            )
