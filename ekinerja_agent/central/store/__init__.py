"""How the database is reached and written: engine and transactions, chunks, partitions, tables and migrations.

Knows no use and no meaning of a row.
"""
