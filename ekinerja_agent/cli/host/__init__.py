"""Commands about this installation: its configuration, database, backups, service and record."""
