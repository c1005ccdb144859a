"""A month from facts to payroll: scored, planned, closed, adjusted, paid, explained."""
