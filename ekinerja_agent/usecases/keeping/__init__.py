"""Backups, and back from them."""
