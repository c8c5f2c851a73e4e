"""Tests of what a user sees."""
