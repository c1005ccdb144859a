"""What all commands share: configuration, language, listings, questions, and how a command ends."""
