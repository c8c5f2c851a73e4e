"""The pictures of this report: one module a task."""
