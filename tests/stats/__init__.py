"""Tests of what follows from numbers, one a seed."""
