"""How any claim is tested: as a pytest test, trained over seeds, judged by intervals valid at any time."""

from ontrial.claim import Claim
from ontrial.functions import training
from ontrial.loading import load
from ontrial.publish.figures import (
    COLOURS,
    FRAME,
    Drawing,
    drawing_of,
    grid,
    hollow,
    legend,
    panels,
    plain_log,
    reported,
    seeds_and_median,
)
from ontrial.publish.plots import by, curves, scatter
from ontrial.report import Report, Task
from ontrial.running.store import Checkpoint
from ontrial.stats.comparisons import Comparison, Read, beside_report
from ontrial.stats.correlation import Correlation
from ontrial.stats.verdicts import Interval, exactly, finite, number, share_interval
from ontrial.trainings import FUNCTIONS, IMAGES, Array, Arrays, Looks, Options, Progress, Run, Runs

__all__ = [
    "COLOURS",
    "FRAME",
    "FUNCTIONS",
    "IMAGES",
    "Array",
    "Arrays",
    "Checkpoint",
    "Claim",
    "Comparison",
    "Correlation",
    "Drawing",
    "Interval",
    "Looks",
    "Options",
    "Progress",
    "Read",
    "Report",
    "Run",
    "Runs",
    "Task",
    "beside_report",
    "by",
    "curves",
    "drawing_of",
    "exactly",
    "finite",
    "grid",
    "hollow",
    "legend",
    "load",
    "number",
    "panels",
    "plain_log",
    "reported",
    "scatter",
    "seeds_and_median",
    "share_interval",
    "training",
]
