"""What was said: one module per task of the report, its experiments first, then its claims."""
