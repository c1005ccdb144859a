"""What leaders see of offices as pure arithmetic: states of plans, need of staff, SAKIP, what the public may see.

Whole numbers and fractions, rounded half up where a rule says so. Knows no file, no SQL and no page.
"""
