"""A small simulated county, from fingers to payroll: the data is invented, the path is real.

Promises that nothing is written into the database behind the program's back: files are imported, terminals
are polled. Does not know the command line.
"""
