"""Part 3, Task 3.2: batch size and sensitivity. One network is trained with five batch sizes on MNIST.

Outcome: 7 of 13 hold; B2, B3, B4, B6, B12 refuted; B5 inconclusive (full, mnist, 16 to 64 seeds, record of 2026-11-27).
"""

from dataclasses import replace

import numpy as np
import pytest

from claims.homework.figures import sensitivity as figures
from claims.homework.measures.correlations import kendall_tau
from claims.homework.measures.curves import log_ratio
from claims.homework.measures.from_runs import (
    batches,
    beside,
    compared,
    last_gradients,
    late_images,
    late_losses,
    of,
    own_tau,
    read_off,
)
from claims.homework.measures.sizes import (
    best_lead,
    log_log_slope,
    lowest_lead,
    relative_spread,
    top_share,
    worst_lead,
)
from claims.homework.report import BATCHES, BY_BATCH, SENSITIVITY_BY_BATCH
from models.experiment import Experiment, parameter_count
from models.probes import frozen_gradients, image_gradients, sensitivity
from models.probing import Probe
from ontrial import beside_report, exactly

INSIDE, OUTSIDE, MIDDLE, ENDS = (125, 500), (5, 25, 1500), (25, 125, 500), (5, 1500)  # of 10² and of 10¹ to 10³

PLAIN = {batch: Experiment("mnist", (20, 30), epochs=50, batch_size=batch, records=10) for batch in BATCHES}
EQUAL_STEPS = PLAIN | {batch: replace(PLAIN[batch], steps_of_batch=125) for batch in BATCHES if batch != 125}
TUNED = PLAIN | {b: replace(PLAIN[b], learning_rate=1e-3 * (b / 125) ** 0.5) for b in BATCHES if b != 125}

EXPERIMENTS = {batch: Probe(sensitivity, experiment) for batch, experiment in PLAIN.items()}
STEPS = {(by, b): Probe(sensitivity, nets[b]) for by, nets in (("epochs", PLAIN), ("steps", EQUAL_STEPS)) for b in nets}
RATES = {(by, b): nets[b] for by, nets in (("one rate", PLAIN), ("tuned", TUNED)) for b in nets}

SOURCE = "Part 3, Task 3.2, Figs. 14-15"
BEYOND = dict(source=SOURCE, kind="beyond")
IMAGES = "images right per 10,000, summed over the last 3 records"  # of epochs 40, 45 and 50
each_set = pytest.mark.parametrize("part", ["train", "test"])


@pytest.mark.claim(
    "B1",
    "five identical nets of 16,640 parameters and two hidden layers, batches from 5 to 1500",
    source="Part 3, Task 3.2",
)
def test_five_identical_nets_of_16640_parameters_with_batches_from_5_to_1500(claim):
    nets = [probe.experiment for probe in EXPERIMENTS.values()]
    number, different = exactly(len(nets), "nets"), len({replace(net, batch_size=None) for net in nets})
    alike = exactly(different, "different nets, their batch sizes aside").within(1, 1)
    parameters = exactly(parameter_count(*nets[0].widths), "parameters").within(16_640, 16_640)
    layers = exactly(nets[0].depth, "hidden layers").within(2, 2)
    smallest = exactly(min(net.batch for net in nets), "smallest batch").within(5, 5)
    largest = exactly(max(net.batch for net in nets), "largest batch").within(1500, 1500)
    claim.holds_if(number.within(5, 5), alike, parameters, layers, smallest, largest)


@pytest.mark.claim("B2", "accuracy is best for batch sizes between 10² and 10³", source=SOURCE)
@each_set
def test_accuracy_is_best_between_100_and_1000(claim, runs, part):
    reported, ahead = BY_BATCH[f"{part}_accuracy"], compared(best_lead, late_images(runs, part), INSIDE, OUTSIDE)
    claim.figure = figures.accuracy_and_loss(runs, BY_BATCH)
    claim.reported = beside(runs, f"{part}_accuracy", reported, "batch")
    claim.own_numbers = {IMAGES: read_off(best_lead, BY_BATCH, f"{part}_accuracy", INSIDE, OUTSIDE)}
    claim.holds_if(claim.median(ahead, f"{part} {IMAGES}: best inside − best outside") > 0)


@pytest.mark.claim("B3", "accuracy is worst for batch sizes below 10¹ and above 10³", source=SOURCE)
@each_set
def test_accuracy_is_worst_below_10_and_above_1000(claim, runs, part):
    ahead, alone = (compared(worst_lead, late_images(runs, part, last), MIDDLE, ENDS) for last in (3, 1))
    claim.figure = figures.accuracy_and_loss(runs, BY_BATCH)
    claim.asides = (claim.median(alone, "the same at the last epoch alone"),)
    claim.own_numbers = {IMAGES: read_off(worst_lead, BY_BATCH, f"{part}_accuracy", MIDDLE, ENDS)}
    claim.holds_if(claim.median(ahead, f"{part} {IMAGES}: worst of 25 … 500 − better of both ends") > 0)


@pytest.mark.claim("B4", "loss is lowest for batch sizes between 10² and 10³", source=SOURCE)
@each_set
def test_loss_is_lowest_between_100_and_1000(claim, runs, part):
    below, alone = (compared(lowest_lead, late_losses(runs, part, last), INSIDE, OUTSIDE) for last in (3, 1))
    claim.figure = figures.accuracy_and_loss(runs, BY_BATCH)
    claim.asides = (claim.median(alone, "the same at the last epoch alone"),)
    claim.reported = beside(runs, f"{part}_loss", BY_BATCH[f"{part}_loss"], "batch")
    claim.own_numbers = {"nats": read_off(lowest_lead, BY_BATCH, f"{part}_loss", INSIDE, OUTSIDE)}
    claim.holds_if(claim.median(below, f"{part} loss (nats), mean of the last 3 records: lowest outside − inside") > 0)


@pytest.mark.claim("B5", "loss rises outside 10² to 10³", source=SOURCE)
@each_set
def test_loss_rises_at_5_and_at_1500(claim, runs, part):
    rise = {batch: compared(lowest_lead, late_losses(runs, part), INSIDE, [batch]) for batch in ENDS}
    names = {batch: f"{part} loss (nats), mean of the last 3 records: at {batch} − lowest inside" for batch in ENDS}
    claim.asides = (claim.jointly(*(claim.median(rise[batch], names[batch]) > 0 for batch in ENDS)),)
    claim.figure = figures.accuracy_and_loss(runs, BY_BATCH)
    claim.own_numbers = {"nats": [read_off(lowest_lead, BY_BATCH, f"{part}_loss", INSIDE, [b]) for b in ENDS]}
    claim.holds_if(*(claim.median(rise[batch], names[batch]) > 0 for batch in ENDS))


@pytest.mark.claim("B6", "sensitivity, as its author computed it, falls as the batch grows", source=SOURCE)
def test_gradient_of_the_last_batch_falls_as_the_batch_grows(claim, runs):
    norms, whole = last_gradients(runs), np.linalg.norm(runs.last_gradient_norms, axis=2)  # (configuration, seed)
    tau = claim.median(kendall_tau(BATCHES, norms), "Kendall tau of last mini-batch's gradient with batch size")
    claim.figure = figures.sensitivities(runs, SENSITIVITY_BY_BATCH)
    claim.asides = (claim.median(kendall_tau(BATCHES, whole), "the same by the whole gradient's norm"),)
    claim.reported = beside_report("its norm at batch", SENSITIVITY_BY_BATCH, dict(zip(runs, norms, strict=True)))
    claim.own_numbers = {"Kendall tau": own_tau(SENSITIVITY_BY_BATCH)}
    claim.holds_if(tau < -0.5, claim.learned(*runs.values()))


@pytest.mark.claim("B7", "sensitivity, as the assignment defines it, falls as the batch grows", source=SOURCE)
def test_input_sensitivity_falls_as_the_batch_grows(claim, runs):
    tau = kendall_tau(BATCHES, runs.input_sensitivity)
    claim.figure = figures.sensitivities(runs, SENSITIVITY_BY_BATCH)
    claim.holds_if(claim.median(tau, "Kendall tau of the gradient to the input with batch size") < -0.5)


@pytest.mark.claim("B8", "sensitivity by the input-output Jacobian falls as well", **BEYOND)
def test_jacobian_falls_as_the_batch_grows(claim, runs):
    slope = log_log_slope(batches(runs), runs.jacobian_sensitivity.T)
    claim.figure = figures.sensitivities(runs, SENSITIVITY_BY_BATCH)
    claim.holds_if(claim.median(slope, "slope of ln(Jacobian's norm) on ln(batch size)") < 0)


@pytest.mark.claim("B9", "with equal steps sensitivity to the input no longer falls", **BEYOND, trains=STEPS)
def test_input_sensitivity_does_not_fall_with_equal_steps(claim, runs):
    equal = of(runs, "steps")
    ratio = claim.median(log_ratio(equal[1500].input_sensitivity, equal[5].input_sensitivity), "ln(gradient, 1500 / 5)")
    claim.figure = figures.at_equal_steps(of(runs, "epochs"), equal)
    claim.holds_if(ratio >= 0, claim.learned(*equal.values()))


@pytest.mark.claim(
    "B10",
    "what its author computed falls with the batch size even where nothing is trained further: at frozen weights",
    **BEYOND,
    trains={125: Probe(frozen_gradients, PLAIN[125])},
)
def test_gradient_falls_with_the_batch_at_frozen_weights(claim, runs):
    run = runs[125]
    slope = claim.median(log_log_slope(run.frozen_batch_size, run.frozen_gradient_norm), "slope of ln norm on ln batch")
    claim.figure = figures.at_frozen_weights(run)
    claim.holds_if(slope < -0.2, claim.learned(run))


@pytest.mark.claim(
    "B13",
    "a few images carry the gradient: that is why it falls more slowly than one over the root of the batch size",
    **BEYOND,
    trains={125: Probe(image_gradients, PLAIN[125])},
)
def test_a_few_images_carry_the_gradient(claim, runs):
    squares = np.square(runs[125].image_gradient_norm, dtype=float)  # (seed, image)
    claim.figure = figures.by_image(runs[125])
    carried = claim.median(top_share(squares, 0.01), "share of the squared gradient norms of single images, top 1 %")
    claim.holds_if(carried > 0.5)


@pytest.mark.claim("B11", "with rates tuned to the batch, lr × √(B/125), sizes differ less", **BEYOND, trains=RATES)
def test_accuracies_differ_less_with_tuned_learning_rates(claim, runs):
    tuned, one_rate = (np.stack([*late_images(of(runs, name), "test", 1).values()]) for name in ("tuned", "one rate"))
    ratio = claim.median(relative_spread(tuned, one_rate), "spread of test accuracy over five sizes, tuned / one rate")
    claim.figure = figures.tuned(of(runs, "one rate"), of(runs, "tuned"))
    claim.holds_if(ratio < 1, claim.learned(*runs.values()))


@pytest.mark.claim("B12", "the sensitivity used is the one that the directions prescribe", source=SOURCE)
def test_both_sensitivities_go_together(claim, runs):
    tau = kendall_tau(last_gradients(runs), runs.input_sensitivity)
    claim.figure = figures.sensitivities(runs, SENSITIVITY_BY_BATCH)
    claim.holds_if(claim.median(tau, "Kendall tau of both over batch sizes") > 0.5, claim.learned(*runs.values()))
