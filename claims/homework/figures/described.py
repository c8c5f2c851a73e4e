"""What every picture of this report states of what was trained: cos(x), digits, MNIST."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.runs import experiment_of
from ontrial import Array, Drawing, Run, drawing_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawing(
    name: str, runs: Run | Mapping[Any, Run], draw: Callable[[str], "Figure"], *shown: Array, unit: str = "seeds"
) -> Drawing:
    """The drawing of what was recorded, with its data named. runs: those shown, which share their data and seeds."""
    run = next(iter(runs.values())) if isinstance(runs, Mapping) else runs
    experiment = experiment_of(run)
    subject = f"{experiment.data}(x)" if experiment.is_function else experiment.data
    return replace(drawing_of(name, run, draw, *shown, unit=unit), subject=subject)
