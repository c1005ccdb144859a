"""The life of a period: open, signed, closed, opened again, paid; and what is disputed before."""
