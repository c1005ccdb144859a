"""Who is on duty when, and what serves or excuses each scan."""
