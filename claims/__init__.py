"""What was said: one folder a report."""
