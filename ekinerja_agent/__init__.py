"""ekinerja-agent: from a finger on a terminal to a score that payroll can trust."""

__version__ = "0.1.0"
