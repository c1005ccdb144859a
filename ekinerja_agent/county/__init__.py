"""Who may do what, who serves where, who leads whom and when there is duty: told once, for scores, pages and imports.

Pure: rows of facts and rules in, answers out. Imports nouns and rules alone.
"""
