"""Files and feeds into facts of the central database."""
