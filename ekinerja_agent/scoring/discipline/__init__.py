"""What each duty comes to, and what that costs in percent."""
