"""The verbs of the program, each straight-line code over the edges. Does not know the command line or the schedule."""
