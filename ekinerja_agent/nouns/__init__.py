"""The nouns of the field, as they travel from a terminal to the central database; errors and months. Imports nothing of
ours.

Two clocks, two words, everywhere: `clock` is what a terminal showed (naive local time), `at` is the instant (UTC).
Intervals are half-open unless said otherwise.
"""
