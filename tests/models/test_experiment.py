"""Experiments: every field has an effect or is refused, alone and beside any other."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest

from models.experiment import Experiment, parameter_count
from models.training import train
from tests.models.oracle import assert_equal_but_for_rounding, plain_training

BASES = {
    "images": Experiment("digits", (6, 4), epochs=3, batch_size=100),
    "function": Experiment("cos", (6, 4), epochs=3),
}
OPTIONS = {
    "data": "arcsinh",
    "hidden": (5,),
    "epochs": 2,
    "batch_size": 250,
    "learning_rate": 0.01,
    "steps_of_batch": 200,
    "images": 700,
    "labels": "random",
    "activation": "tanh",
    "initialisation": "second",
    "kinks": "even",
    "dtype": "float64",
    "series": 2,
    "records": 1,
    "gradient_norms": True,
    "snapshots_every": 2,
}
REFUSED = {"images": {"kinks"}, "function": {"images", "labels"}}  # what images or functions do not have


@pytest.fixture(scope="module")
def trained():
    """Returns what an experiment records for one seed, trained once."""
    known = {}

    def of(experiment):
        if experiment not in known:
            known[experiment] = train(experiment, [5])
        return known[experiment]

    return of


def is_same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("base", BASES)
def test_every_pair_of_fields_is_refused_or_trained_as_a_plain_loop_does(base, trained):
    """And has an effect that neither of the two has alone, so that no field is silently ignored."""
    assert list(OPTIONS) == [field.name for field in fields(Experiment)]
    for names in itertools.combinations(OPTIONS, 2):
        if names[0] == "data" and base == "images":
            continue  # another image set needs a download
        chosen = {name: OPTIONS[name] for name in names}
        if REFUSED[base] & set(names) or names == ("activation", "kinks"):
            with pytest.raises(ValueError, match=r"kinks|must be left out"):
                replace(BASES[base], **chosen)
            continue
        experiment = replace(BASES[base], **chosen)
        found = trained(experiment)
        for member in range(experiment.series):
            where = (0, member) if experiment.series > 1 else 0
            assert_equal_but_for_rounding(found, plain_training(experiment, 5, member), where)
        for name in names:
            assert not is_same(found, trained(replace(BASES[base], **{name: OPTIONS[name]}))), names


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(data="cosine"), "unknown data 'cosine': there are cos"),
        (dict(hidden=()), "at least one layer"),
        (dict(hidden=(0,)), "at least one unit"),
        *(({name: 0}, "at least 1") for name in ("epochs", "batch_size", "images", "series", "records")),
        (dict(snapshots_every=0), "at least 1"),
        (dict(learning_rate=-0.1), "learning rate"),
        (dict(learning_rate=float("nan")), "learning rate"),
    ],
    ids=str,
)
def test_an_experiment_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(Experiment("digits", (3,), epochs=1), **wrong)


def test_steps_and_counts():
    experiment = Experiment("mnist", (30,), epochs=100, batch_size=50)
    assert experiment.steps == 120_000
    assert parameter_count(*experiment.widths) == 23_860
    assert Experiment("digits", (30,), epochs=2, batch_size=50).steps_per_epoch == 29
    for data, batch, steps, passes in (("mnist", 5, 24_000, 2), ("mnist", 1500, 24_000, 600), ("digits", 5, 600, 3)):
        equal_steps = Experiment(data, (20, 30), epochs=50, batch_size=batch, steps_of_batch=125)
        assert (equal_steps.steps, equal_steps.passes) == (steps, passes)


def test_a_new_field_with_a_default_leaves_descriptions_as_they_were():
    experiment = Experiment("digits", (12, 9), epochs=2, batch_size=50)
    assert experiment.terms() == {"data": "digits", "hidden": (12, 9), "epochs": 2, "batch_size": 50}
    assert not experiment.terms().keys() & experiment.defaults().keys()
    assert experiment.terms().keys() | experiment.defaults().keys() == {each.name for each in fields(Experiment)}
