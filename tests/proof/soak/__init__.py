"""Tries to lose a punch: random schedules of faults and crashes, a service killed at random instants, a long backlog.

Each schedule is one number, and the same number is the same schedule. Does not know how the product keeps its promise.
"""
