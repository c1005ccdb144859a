"""The languages that people read: which one, its words, and how numbers and dates are written in it."""
