"""Part 1, Task 1: simulate a function. Three ReLU networks of equal size learn cos(x) and arcsinh(x).

Outcome: 9 of 11 hold; F2, F7 refuted (full, functions, 32 to 640 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.homework.figures.function import even_kinks, fit, loss_by_step, outside
from claims.homework.measures.curves import log_ratio
from claims.homework.measures.from_runs import centre_error, converged, edge_error, edge_lead, of, relative_error, steps
from claims.homework.report import FUNCTION_PARAMETERS, STEPS_TO_CONVERGE
from models.experiment import Experiment, parameter_count
from ontrial import beside_report, exactly

FUNCTIONS = ("cos", "arcsinh")
MODELS = {"shallow": (250,), "middle": (32, 16, 9), "deep": (24, 16, 10, 8, 4)}
LAYERS = {"shallow": 1, "middle": 3, "deep": 5}
assert {model: parameter_count(1, *hidden, 1) for model, hidden in MODELS.items()} == FUNCTION_PARAMETERS

EXPERIMENTS = {
    (model, each): Experiment(each, hidden, epochs=2000) for model, hidden in MODELS.items() for each in FUNCTIONS
}
EVEN_KINKS = {
    "deep": EXPERIMENTS["deep", "cos"],
    "shallow": EXPERIMENTS["shallow", "cos"],
    "even": Experiment("cos", MODELS["shallow"], epochs=2000, kinks="even"),
}

SOURCE = "Part 1, Task 1, Figs. 1-4"
BEYOND = dict(source=SOURCE, kind="beyond")

each_model = pytest.mark.parametrize("model", MODELS)


@pytest.mark.claim("F1", "one, three and five hidden layers, each network with about 750 parameters", source=SOURCE)
@each_model
def test_one_three_and_five_layers_of_about_750_parameters(claim, model):
    network = EXPERIMENTS[model, "cos"]
    layers, count = exactly(network.depth, "hidden layers"), exactly(parameter_count(*network.widths), "parameters")
    claim.holds_if(layers.within(LAYERS[model], LAYERS[model]), count.within(0.99 * 750, 1.01 * 750))


@pytest.mark.claim("F2", "every model converges on both functions", source=SOURCE)
@pytest.mark.parametrize("function", FUNCTIONS)
@each_model
def test_every_model_converges(claim, runs, model, function):
    share = claim.share(converged(runs[model, function]), "share of seeds converged within 2,000 steps")
    claim.figure = loss_by_step(of(runs, function), function, STEPS_TO_CONVERGE[function])
    claim.holds_if(share > 0.9)


@pytest.mark.claim("F3", "arcsinh needs fewer iterations than cos, where both converge", source=SOURCE)
@each_model
def test_arcsinh_converges_sooner_than_cos(claim, runs, model):
    arcsinh, cos = runs[model, "arcsinh"], runs[model, "cos"]
    ratio, both = log_ratio(steps(arcsinh), steps(cos)), converged(arcsinh) & converged(cos)
    claim.figure = loss_by_step(of(runs, "cos"), "cos", STEPS_TO_CONVERGE["cos"])
    claim.own_numbers = {"ln(steps": np.log(STEPS_TO_CONVERGE["arcsinh"] / STEPS_TO_CONVERGE["cos"])}
    claim.holds_if(claim.median(ratio, "ln(steps to converge on arcsinh / on cos)", among=both) < 0)


@pytest.mark.claim("F4", "arcsinh has converged after about 250 iterations, where it converges", source=SOURCE)
@each_model
def test_arcsinh_converges_in_about_250_steps(claim, runs, model):
    run, reported = runs[model, "arcsinh"], {"arcsinh": STEPS_TO_CONVERGE["arcsinh"]}
    claim.figure = loss_by_step(of(runs, "arcsinh"), "arcsinh", *reported.values())
    claim.reported = beside_report("steps to converge on", reported, {"arcsinh": steps(run)})
    claim.own_numbers = {"steps": reported["arcsinh"]}
    claim.holds_if(claim.median(steps(run), "steps to converge on arcsinh", among=converged(run)) <= 300)


@pytest.mark.claim("F5", "cos takes “around 1300” iterations", source=SOURCE)
def test_cos_converges_in_around_1300_steps(claim, runs):
    slowest, reported = np.max([steps(run) for run in of(runs, "cos").values()], axis=0), STEPS_TO_CONVERGE["cos"]
    taken = claim.median(slowest, "steps to converge on cos of the slowest model", never=True)
    claim.figure = loss_by_step(of(runs, "cos"), "cos", reported)
    claim.reported = beside_report("steps to converge on", {"cos": reported}, {"cos": slowest})
    claim.own_numbers = {"steps": reported}
    claim.holds_if(taken.within(910, 1690))


@pytest.mark.claim("F6", "all three learn arcsinh accurately on unseen inputs, where they converge", source=SOURCE)
@each_model
def test_arcsinh_is_learned_accurately(claim, runs, model):
    run = runs[model, "arcsinh"]
    error = claim.median(relative_error(run, "test data"), "test MSE / variance of the target", among=converged(run))
    claim.figure = fit(of(runs, "arcsinh"), "arcsinh")
    claim.holds_if(error < 0.01)


@pytest.mark.claim("F7", "on cos the centre is right and the ends are wrong", source=SOURCE)
@each_model
def test_cos_is_right_in_the_centre_and_wrong_at_the_ends(claim, runs, model):
    centre = claim.median(centre_error(runs[model, "cos"]), "test MSE on abs(x) < 5")
    ends = claim.median(edge_error(runs[model, "cos"]), "test MSE on abs(x) > 9")
    claim.figure = fit(of(runs, "cos"), "cos")
    claim.asides = (claim.jointly(centre < 0.025, ends > 0.025),)
    claim.holds_if(centre < 0.025, ends > 0.025)


@pytest.mark.claim("F8", "the deeper the model, the smaller the failure at the ends", source=SOURCE)
def test_deeper_models_fail_less_at_the_ends_of_cos(claim, runs):
    shallow, middle, deep = of(runs, "cos").values()
    first = claim.median(edge_lead(shallow, middle), "log10 edge MSE, shallow − middle")
    second = claim.median(edge_lead(middle, deep), "log10 edge MSE, middle − deep")
    claim.figure = fit(of(runs, "cos"), "cos")
    claim.asides = (claim.jointly(first > 0, second > 0),)
    claim.holds_if(first > 0, second > 0, claim.learned(shallow, middle, deep))


@pytest.mark.claim(
    "F9",
    "the shallow net fails at the ends because of where its kinks start: spread evenly, it beats the deep net there",
    **BEYOND,
    trains=EVEN_KINKS,
)
def test_shallow_net_with_even_kinks_beats_the_deep_net_at_the_ends(claim, runs):
    deep, even = runs["deep"], runs["even"]
    lead = claim.median(edge_lead(deep, even), "log10 edge MSE, deep − even-kink shallow", among=converged(deep))
    claim.figure = even_kinks(deep, runs["shallow"], even)
    claim.holds_if(lead > 0, claim.learned(deep, even))


@pytest.mark.claim(
    "F10", "none extrapolates cos: on 10 < abs(x) < 20 every model is worse than predicting the mean", **BEYOND
)
@each_model
def test_no_model_extrapolates_cos(claim, runs, model):
    error = claim.median(relative_error(runs[model, "cos"], "outside data"), "MSE / variance, both outside")
    claim.figure = outside(of(runs, "cos"), "cos")
    claim.holds_if(error > 1, claim.learned(runs[model, "cos"]))


@pytest.mark.claim("F11", "on arcsinh, nearly straight out there, every model that converged extrapolates", **BEYOND)
@each_model
def test_models_that_converged_extrapolate_arcsinh(claim, runs, model):
    run, measure = runs[model, "arcsinh"], "MSE / variance, both outside"
    error = claim.median(relative_error(run, "outside data"), measure, among=converged(run))
    claim.figure = outside(of(runs, "arcsinh"), "arcsinh")
    claim.holds_if(error < 0.2, claim.learned(run))
