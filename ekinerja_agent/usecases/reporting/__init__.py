"""What people read of a month or a day."""
