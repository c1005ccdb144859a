"""Commands about terminals, what they recorded, and what waits for central."""
