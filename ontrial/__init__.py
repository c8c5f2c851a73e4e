"""How anything is put on trial: claims as pytest tests, trained over seeds, judged by intervals valid at any time."""

from ontrial.functions import training
from ontrial.report import Report, Task
from ontrial.stats.intervals import exactly

__all__ = ["Report", "Task", "exactly", "training"]
