"""Tests of ourselves."""
