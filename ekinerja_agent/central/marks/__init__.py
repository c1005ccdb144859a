"""Which drafts no longer fit: days that are marked as a fact changes, and whom it touches."""
