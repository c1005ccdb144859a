"""What the kinds of import file share: shapes of cells, rows judged against each other and what is
stored.
"""
