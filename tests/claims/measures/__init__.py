"""Tests of measures, on arrays whose result is known."""
