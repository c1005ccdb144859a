"""Is what this host holds still backed up?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.keeping import backup
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield that backups were made and are made no more. Where there never was one, the service tells it in time."""
    newest = backup.newest(host.config)
    if newest is not None and host.now() - newest > host.config.agent.health.backup_after:
        text = Message("the newest backup is of {newest}", newest=f"{newest:%Y-%m-%d}")
        what_to_do = Message(
            "see why (systemctl status ekinerja-agent-backup.timer, journalctl -u ekinerja-agent-backup), then run: "
            "systemctl start ekinerja-agent-backup"
        )
        yield Finding(str(host.config.agent.state_dir / backup.FOLDER), text, what_to_do)
