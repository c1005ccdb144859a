"""How a person logs in to the web."""
