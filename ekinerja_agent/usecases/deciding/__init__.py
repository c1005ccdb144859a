"""The life of what a person asks and another one decides: activities, corrections, documents,
objections.
"""
