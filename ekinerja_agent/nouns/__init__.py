"""The nouns of the field. Imports nothing of ours."""
