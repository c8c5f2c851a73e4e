"""Worlds of the homework report, one module a task."""
