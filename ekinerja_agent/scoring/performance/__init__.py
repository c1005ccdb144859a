"""What was worked, rated and reached, against what was asked."""
