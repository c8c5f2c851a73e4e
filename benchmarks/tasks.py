"""What is trained to be timed: two nets of the report, at the ends of its range of batch sizes."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from models.experiment import Experiment

NETS = {"784-30-10": (30,), "784-20-40-60-50-30-10": (20, 40, 60, 50, 30)}  # name -> hidden
BATCHES = (50, 5)


@dataclass(frozen=True)
class Task:
    """What is trained: one network for each of the seeds 0, 1, …, each on batches in an order of its own.

    inputs: (image, pixel) float32; labels: (image,) int64.
    """

    experiment: Experiment
    seeds: int
    inputs: Tensor
    labels: Tensor

    @property
    def net(self) -> str:
        """Widths of the layers, as in 784-30-10."""
        return "-".join(map(str, self.experiment.widths))

    @property
    def images_a_step(self) -> int:
        """Images that one step of all networks sees."""
        return self.seeds * self.experiment.batch

    @property
    def operations_an_image(self) -> int:
        """Multiplications and additions of one image's forward and backward pass, without its update.

        2 per weight forwards and 4 backwards, less the gradient of the first layer's inputs.
        """
        widths = self.experiment.widths
        weights = sum(fan_in * fan_out for fan_in, fan_out in pairwise(widths))
        return 6 * weights - 2 * widths[0] * widths[1]


def experiment(net: str, batch: int) -> Experiment:
    """The training that is timed."""
    return Experiment(data="mnist", hidden=NETS[net], epochs=1, batch_size=batch)
