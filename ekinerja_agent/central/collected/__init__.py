"""What terminals recorded and what is known of them: punches, coverage, owners, clocks, retention."""
