"""Pages and tables that people read and print. Not one number is computed anew: all come from the month's scores."""
