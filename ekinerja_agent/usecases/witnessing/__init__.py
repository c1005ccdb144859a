"""Witnesses of the audit log: its end, noted where who changes the database does not look, and compared later."""
