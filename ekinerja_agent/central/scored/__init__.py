"""What scoring found, as it stands: drafts, published revisions, adjustments, and how they are shown."""
