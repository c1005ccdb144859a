"""The people on terminals: listed and checked against the office, kept in sealed files, brought to other terminals.

Promises that nothing biometric leaves memory except inside a sealed file or into a terminal, that nothing is written
before it was shown and nothing counts as written before it was read back. The attendance log is never touched.
"""
