"""A homework report of 2021 on trial: one module a task, its experiments first, then its claims."""
