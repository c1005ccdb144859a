"""Passwords, keys, and boxes that only a private key opens."""
