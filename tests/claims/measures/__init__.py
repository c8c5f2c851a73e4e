"""Tests of measures, on arrays whose answer is known."""
