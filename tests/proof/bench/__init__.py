"""Measures what the collector costs, always as a ratio to a peer or a raw limit that ran in the same minute.

Does not judge by the clock alone: a computer that is twice as fast gives the same table.
"""
