"""The shape that a database must have: upgraded, compared with what is shipped, and who may do what in it."""
