"""What follows from numbers, one a seed: intervals, regions, verdicts. Pure."""
