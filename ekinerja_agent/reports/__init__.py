"""Pages, workbooks and tables that people read and print.

Numbers come from scores and views; here they are only counted and laid out. Decision 27.
"""
