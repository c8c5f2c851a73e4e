"""Part 1, Task 1: simulate a function. Three ReLU networks of equal size learn cos(x) and arcsinh(x)."""

import numpy as np
import pytest

from evidence.comparisons import beside_report
from evidence.declarations import inconclusive, refuted
from evidence.intervals import exactly
from evidence.measures import log_ratio, mean_squared_error, steps_to_converge
from models.experiment import Experiment, parameter_count
from publish.figures_function import even_kinks, fit, loss_by_step, outside

FUNCTIONS = ("cos", "arcsinh")
MODELS = {"shallow": (250,), "middle": (32, 16, 9), "deep": (24, 16, 10, 8, 4)}
PARAMETERS = {"shallow": 751, "middle": 755, "deep": 747}  # as the report counts them
assert {model: parameter_count(1, *hidden, 1) for model, hidden in MODELS.items()} == PARAMETERS

EXPERIMENTS = {
    (model, function): Experiment(function, hidden, epochs=2000)
    for model, hidden in MODELS.items()
    for function in FUNCTIONS
}
EVEN_KINKS = {
    "deep": EXPERIMENTS["deep", "cos"],
    "shallow": EXPERIMENTS["shallow", "cos"],
    "even": Experiment("cos", MODELS["shallow"], epochs=2000, kinks="even"),
}
CONVERGED_AT = {"arcsinh": 250, "cos": 1300}  # steps, as the report reads its curves

each_model = pytest.mark.parametrize("model", MODELS)
each_function = pytest.mark.parametrize("function", FUNCTIONS)


def steps(run):
    """Steps until the training loss is below 5 % of the target's variance, (seed,)."""
    return steps_to_converge(run.batch_loss, 0.05 * run.samples("training data").variance)


def edge_error(run):
    """log10 of the test MSE on abs(x) > 9, (seed,)."""
    test = run.samples("test data")
    return np.log10(mean_squared_error(test.outputs, test.targets, abs(test.inputs) > 9))


def centre_error(run):
    """Test MSE on abs(x) < 5, (seed,)."""
    test = run.samples("test data")
    return mean_squared_error(test.outputs, test.targets, abs(test.inputs) < 5)


def of(runs, function):
    """The runs on one function, by model."""
    return {model: runs[model, function] for model in MODELS}


@pytest.mark.claim("F1", "each network has about 750 parameters", source="Part 1, Task 1")
@each_model
def test_each_network_has_about_750_parameters(claim, model):
    count = exactly(parameter_count(1, *MODELS[model], 1), "parameters")
    claim.holds_if(count.within(0.99 * 750, 1.01 * 750))


@refuted(
    "125 of 160 seeds converge (share 0.66 to 0.88); of the first 80, 18 hang at 5 to 12 % of the variance and 2 never "
    "start, and the plain one-net loop hangs at the same loss for the seed that was tried",
    at="full",
    case="deep arcsinh",
)
@inconclusive("133 of 160 seeds converge: 0.72 to 0.91", at="full", case="deep cos")
@pytest.mark.claim("F2", "every model converges on both functions", source="Part 1, Task 1, Figs. 1-4")
@each_function
@each_model
def test_every_model_converges(claim, runs, model, function):
    run = runs[model, function]
    claim.figure = loss_by_step(of(runs, function), function, CONVERGED_AT[function])
    claim.holds_if(claim.share(np.isfinite(steps(run)), "share of seeds converged within 2,000 steps") > 0.9)


@inconclusive(
    "seeds stuck on either function pull both ways: −0.61 (−1.04 to 0, n = 160), the upper end just on the border",
    at="full",
    case="deep",
)
@pytest.mark.claim("F3", "arcsinh needs fewer iterations than cos", source="Part 1, Task 1, Figs. 1-4")
@each_model
def test_arcsinh_converges_sooner_than_cos(claim, runs, model):
    ratio = log_ratio(steps(runs[model, "arcsinh"]), steps(runs[model, "cos"]))
    claim.figure = loss_by_step(of(runs, "cos"), "cos", CONVERGED_AT["cos"])
    claim.holds_if(claim.median(ratio, "ln(steps to converge on arcsinh / on cos)") < 0)


@inconclusive(
    "half the seeds need 214 steps, but a fifth never converge: 140 to 1,661 (n = 160)", at="full", case="deep"
)
@pytest.mark.claim("F4", "arcsinh has converged after about 250 iterations", source="Part 1, Task 1, Figs. 1-4")
@each_model
def test_arcsinh_converges_in_about_250_steps(claim, runs, model):
    taken = steps(runs[model, "arcsinh"])
    claim.figure = loss_by_step(of(runs, "arcsinh"), "arcsinh", CONVERGED_AT["arcsinh"])
    claim.reported = beside_report("steps to converge on", {"arcsinh": CONVERGED_AT["arcsinh"]}, {"arcsinh": taken})
    claim.holds_if(claim.median(taken, "steps to converge on arcsinh") <= 300)


@pytest.mark.claim("F5", "cos takes “around 1300” iterations", source="Part 1, Task 1, Figs. 1-4")
def test_cos_converges_in_around_1300_steps(claim, runs):
    slowest = np.max([steps(run) for run in of(runs, "cos").values()], axis=0)
    claim.figure = loss_by_step(of(runs, "cos"), "cos", CONVERGED_AT["cos"])
    claim.reported = beside_report("steps to converge on", {"cos": CONVERGED_AT["cos"]}, {"cos": slowest})
    claim.holds_if(claim.median(slowest, "steps to converge on cos of the slowest model").within(910, 1690))


@inconclusive("a fifth of the seeds are stuck: 0.00002, but up to 0.032 (n = 160)", at="full", case="deep")
@pytest.mark.claim("F6", "all three learn arcsinh accurately on unseen inputs", source="Part 1, Task 1, Figs. 1-4")
@each_model
def test_arcsinh_is_learned_accurately(claim, runs, model):
    test = runs[model, "arcsinh"].samples("test data")
    error = mean_squared_error(test.outputs, test.targets) / test.variance
    claim.figure = fit(of(runs, "arcsinh"), "arcsinh")
    claim.holds_if(claim.median(error, "test MSE / variance of the target") < 0.01)


@pytest.mark.claim("F7", "on cos the centre is right and the ends are wrong", source="Part 1, Task 1, Figs. 1-4")
@each_model
def test_cos_is_right_in_the_centre_and_wrong_at_the_ends(claim, runs, model):
    run = runs[model, "cos"]
    centre = claim.median(centre_error(run), "test MSE on abs(x) < 5")
    ends = claim.median(edge_error(run) - np.log10(centre_error(run)), "log10(MSE on abs(x) > 9 / on abs(x) < 5)")
    claim.figure = fit(of(runs, "cos"), "cos")
    claim.holds_if(centre < 0.025, ends > 0)


@pytest.mark.claim(
    "F8", "the deeper the model, the smaller the failure at the ends", source="Part 1, Task 1, Figs. 1-4"
)
def test_deeper_models_fail_less_at_the_ends_of_cos(claim, runs):
    shallow, middle, deep = (runs[model, "cos"] for model in MODELS)
    first = claim.median(edge_error(shallow) - edge_error(middle), "log10 edge MSE, shallow − middle")
    second = claim.median(edge_error(middle) - edge_error(deep), "log10 edge MSE, middle − deep")
    claim.figure = fit(of(runs, "cos"), "cos")
    claim.holds_if(first > 0, second > 0, claim.learned(shallow, middle, deep))


@pytest.mark.claim(
    "F9",
    "the shallow net fails at the ends because of where its kinks start: spread evenly, it beats the deep net there",
    source="Part 1, Task 1, Figs. 1-4",
    kind="beyond",
    trains=EVEN_KINKS,
)
def test_shallow_net_with_even_kinks_beats_the_deep_net_at_the_ends(claim, runs):
    lead = claim.median(edge_error(runs["deep"]) - edge_error(runs["even"]), "log10 edge MSE, deep − even-kink shallow")
    claim.figure = even_kinks(runs["deep"], runs["shallow"], runs["even"])
    claim.holds_if(lead > 0, claim.learned(runs["even"]))


@refuted(
    "arcsinh is nearly straight out there and a ReLU net goes on straight: MSE / variance is 0.010 (shallow), 0.058 "
    "(middle) and 0.069 (deep) in fast (n = 8), 0.009, 0.054 and 0.068 in full (n = 160), far below 1",
    case="arcsinh",
)
@pytest.mark.claim(
    "F10",
    "none extrapolates: on 10 < abs(x) < 20 every model is worse than predicting the mean",
    source="Part 1, Task 1",
    kind="beyond",
)
@each_function
@each_model
def test_no_model_extrapolates(claim, runs, model, function):
    beyond = runs[model, function].samples("outside data")
    error = mean_squared_error(beyond.outputs, beyond.targets) / beyond.variance
    claim.figure = outside(of(runs, function), function)
    claim.holds_if(claim.median(error, "MSE / variance, both outside") > 1, claim.learned(runs[model, function]))
