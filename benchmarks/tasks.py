"""What is trained to be timed: nets of the report, from the smallest on MNIST to the largest."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from models.data import Images
from models.experiment import Experiment

NETS = {"784-30-10": (30,), "784-20-40-60-50-30-10": (20, 40, 60, 50, 30), "784-800-400-10": (800, 400)}
SMALL_NET, LARGEST_NET = "784-30-10", "784-800-400-10"
CASES = [(net, batch) for net in NETS for batch in (50, 5) if net != LARGEST_NET or batch == 50]


@dataclass(frozen=True)
class Task:
    """What is trained: one network for each of the seeds 0, 1, …, each on batches in an order of its own."""

    experiment: Experiment
    seeds: int
    images: Images

    @property
    def net(self) -> str:
        """Widths of the layers, as in 784-30-10."""
        return "-".join(map(str, self.experiment.widths))

    @property
    def inputs(self) -> Tensor:
        """Training images, (image, pixel) float32."""
        return self.images.train_inputs

    @property
    def labels(self) -> Tensor:
        """Their labels, (image,) int64."""
        return self.images.train_labels

    @property
    def images_a_step(self) -> int:
        """Images that one step of all networks sees."""
        return self.seeds * self.experiment.batch

    @property
    def operations_an_image(self) -> int:
        """Multiplications and additions of one image's forward and backward pass, without its update.

        2 per weight forwards and 4 backwards, less the gradient of the first layer's inputs; as if no pixel was 0.
        """
        widths = self.experiment.widths
        weights = sum(fan_in * fan_out for fan_in, fan_out in pairwise(widths))
        return 6 * weights - 2 * widths[0] * widths[1]


def experiment(net: str, batch: int) -> Experiment:
    """The training that is timed."""
    return Experiment(data="mnist", hidden=NETS[net], epochs=1, batch_size=batch)
