"""What is seen and what follows: measures, intervals, verdicts."""
