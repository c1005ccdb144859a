"""Commands about a month: score, dispute, close, pay, report."""
