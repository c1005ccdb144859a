"""The columns that scoring takes and gives, and the steps on them that all its parts share."""
