"""Part 1, Task 2: train on an actual task. Three networks of equal size learn MNIST.

Outcome: 7 of 10 hold; M6, M10 refuted; M9 inconclusive (full, mnist, 16 to 64 seeds, record of 2026-11-27).
"""

import pytest

from claims.homework.figures.equal_size import accuracy_by_epoch, accuracy_of_controls, leads_by_epoch, loss_by_epoch
from claims.homework.measures.curves import late_drop, lead, relative_noise, rise_since_lowest, share_at_least
from claims.homework.measures.from_runs import ahead, beside, mean_accuracy, right
from claims.homework.report import EQUAL_PARAMETERS, EQUAL_TEST_ACCURACY, EQUAL_TRAIN_ACCURACY
from models.experiment import Experiment, parameter_count
from ontrial import exactly

MODELS = {"shallow": (30,), "middle": (25, 60, 38), "deep": (20, 40, 60, 50, 30)}
LAYERS = {"shallow": 1, "middle": 3, "deep": 5}
CONTROLS = {"middle, 29 first": (29, 24, 11), "deep, 29 first": (29, 13, 13, 13, 13)}
assert {name: parameter_count(784, *hidden, 10) for name, hidden in MODELS.items()} == EQUAL_PARAMETERS
assert [parameter_count(784, *hidden, 10) for hidden in CONTROLS.values()] == [23_880, 23_841]

EXPERIMENTS = {name: Experiment("mnist", hidden, epochs=100, batch_size=50) for name, hidden in MODELS.items()}
EQUAL_FIRST_LAYERS = {name: Experiment("mnist", hidden, epochs=100, batch_size=50) for name, hidden in CONTROLS.items()}
WITH_BOTTLENECK = {name: EXPERIMENTS[name] for name in ("middle", "deep")}

SOURCE = "Part 1, Task 2, Fig. 6"
BEYOND = dict(source=SOURCE, kind="beyond")
TEN = "test images right per 10,000, summed over the last 10 epochs"

each_model = pytest.mark.parametrize("model", MODELS)


def accuracy_figure(runs):
    """Accuracy against epoch, with the report's last values."""
    return accuracy_by_epoch(runs, EQUAL_TRAIN_ACCURACY, EQUAL_TEST_ACCURACY)


@pytest.mark.claim("M1", "one, three and five hidden layers, each network with about 23,880 parameters", source=SOURCE)
@each_model
def test_one_three_and_five_layers_of_about_23880_parameters(claim, model):
    network = EXPERIMENTS[model]
    layers, count = exactly(network.depth, "hidden layers"), exactly(parameter_count(*network.widths), "parameters")
    claim.holds_if(layers.within(LAYERS[model], LAYERS[model]), count.within(0.99 * 23_880, 1.01 * 23_880))


@pytest.mark.claim("M2", "the models have converged by around 100 epochs", source="Part 1, Task 2, Figs. 5-6")
@each_model
def test_training_has_converged_by_epoch_100(claim, runs, model):
    drop = late_drop(runs[model].train_loss, last=20)
    measure = "mean training loss, of epochs 61-80 − of 81-100 / before training − of 81-100"
    claim.figure = loss_by_epoch(runs)
    claim.holds_if(claim.median(drop, measure, never=True) < 0.01)


@pytest.mark.claim("M3", "noise persists in the plotted loss", source="Part 1, Task 2, Fig. 5")
@each_model
def test_mini_batch_loss_stays_noisy(claim, runs, model):
    noise = relative_noise(runs[model].batch_loss, runs[model].train_loss, last=50)
    claim.figure = loss_by_epoch(runs)
    claim.holds_if(claim.median(noise, "deviation over the last 50 epochs, mini-batch / whole set") > 1)


@pytest.mark.claim("M4", "training accuracy stays above test accuracy", source=SOURCE)
@each_model
def test_training_accuracy_stays_above_test_accuracy(claim, runs, model):
    gap = ahead(runs[model])[:, 5:].min(1)
    claim.figure = accuracy_figure(runs)
    claim.holds_if(claim.median(gap, "smallest train − test over epochs 5-100 (images right per 10,000)") > 0)


@pytest.mark.claim("M5", "the middle model is best on the test set", source=SOURCE)
def test_middle_model_is_best_on_the_test_set(claim, runs):
    shallow, middle, deep = (right(runs[model], "test", last=10) for model in MODELS)
    claim.figure = accuracy_figure(runs)
    claim.own_numbers = {TEN: lead(*(100_000 * EQUAL_TEST_ACCURACY[model] for model in ("middle", "shallow", "deep")))}
    claim.holds_if(claim.median(lead(middle, shallow, deep), f"{TEN}: middle − better of the others") > 0)


@pytest.mark.claim("M6", "test accuracy plateaus at 95-96 %", source=SOURCE)
@each_model
def test_test_accuracy_plateaus_at_95_to_96_percent(claim, runs, model):
    run = runs[model]
    plateau = claim.median(mean_accuracy(run, "test", last=10), "test accuracy, mean of the last 10 epochs")
    claim.figure = accuracy_figure(runs)
    claim.asides = (claim.median(run.test_accuracy[:, -1], "test accuracy at the last epoch alone"),)
    claim.reported = beside({model: run}, "test_accuracy", EQUAL_TEST_ACCURACY, "epoch 100,")
    claim.own_numbers = {"test accuracy": EQUAL_TEST_ACCURACY[model]}
    claim.holds_if(plateau.within(0.945, 0.965))


@pytest.mark.claim("M7", "training accuracy regularly reaches 99 %", source=SOURCE)
@each_model
def test_training_accuracy_regularly_reaches_99_percent(claim, runs, model):
    at_99 = share_at_least(right(runs[model], "train"), 9_900, last=50)
    share = claim.median(at_99, "share of the last 50 epochs with training accuracy of 99 % or more")
    claim.figure = accuracy_figure(runs)
    claim.reported = beside({model: runs[model]}, "train_accuracy", EQUAL_TRAIN_ACCURACY, "epoch 100,")
    claim.own_numbers = {"share": float(EQUAL_TRAIN_ACCURACY[model] >= 0.99)}
    claim.holds_if(share > 0.5)


@pytest.mark.claim(
    "M8", "test loss was best long before epoch 100 and has risen since", source="Part 1, Task 2, Fig. 5", kind="beyond"
)
@each_model
def test_test_loss_was_best_long_before_the_end(claim, runs, model):
    best = claim.median(runs[model].test_loss.argmin(1), "epoch of lowest test loss")
    rise = claim.median(rise_since_lowest(runs[model].test_loss), "test loss at epoch 100 / lowest")
    claim.figure = loss_by_epoch(runs)
    claim.asides = (claim.jointly(best < 50, rise > 1.2),)
    claim.holds_if(best < 50, rise > 1.2)


@pytest.mark.claim(
    "M9",
    "the middle model's lead is owed to the bottleneck, not to depth: with first layers of equal width and none it is "
    "smaller",
    **BEYOND,
    trains=WITH_BOTTLENECK | EQUAL_FIRST_LAYERS,
)
def test_lead_is_smaller_with_first_layers_of_equal_width(claim, runs):
    middle, deep, equal_middle, equal_deep = (right(run, "test", last=10) for run in runs.values())
    claim.figure = leads_by_epoch(runs)
    lost = claim.median((equal_middle - equal_deep) - (middle - deep), f"{TEN}: middle − deep, controls' − report's")
    claim.holds_if(lost < 0, claim.learned(*runs.values()))


@pytest.mark.claim(
    "M10",
    "with first layers of equal width and no bottleneck the middle model's lead disappears",
    **BEYOND,
    trains=EQUAL_FIRST_LAYERS,
)
def test_lead_disappears_with_first_layers_of_equal_width(claim, runs):
    middle, deep = (right(run, "test", last=10) for run in runs.values())
    at_best, deep_at_best = (right(run, "test").max(1) for run in runs.values())
    claim.figure = accuracy_of_controls(runs)
    claim.asides = (claim.median(at_best - deep_at_best, "the same at the best epoch of each (images per 10,000)"),)
    claim.holds_if(claim.median(middle - deep, f"{TEN}: middle − deep") <= 0, claim.learned(*runs.values()))
