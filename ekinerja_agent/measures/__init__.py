"""What leaders see of offices and what a rating comes to, as pure arithmetic: plans, staff, SAKIP, public cells.

Whole numbers and fractions, rounded half up where a rule says so. Knows no file, no SQL and no page.
"""
