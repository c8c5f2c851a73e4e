"""How anything is put on trial: claims as pytest tests, trained over seeds, judged by intervals valid at any time."""

from ontrial.evidence.intervals import exactly
from ontrial.functions import training
from ontrial.report import Report, Task

__all__ = ["Report", "Task", "exactly", "training"]
