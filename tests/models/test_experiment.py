"""Experiments: every field is honoured or refused, alone and beside any other."""

import itertools
import json
import pickle
import time
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from models import pace
from models.experiment import Experiment, parameter_count
from models.probing import ExperimentTraining
from models.training import train
from ontrial.trainings import Training
from tests.models.oracle import assert_equal_but_for_rounding, plain_training

BASES = {
    "images": Experiment("digits", (6, 4), epochs=3, batch_size=100),
    "function": Experiment("cos", (6, 4), epochs=3),
}
OPTIONS = {
    "data": {"images": "mnist", "function": "arcsinh"},
    "hidden": (5,),
    "epochs": 2,
    "batch_size": 250,
    "learning_rate": 0.01,
    "steps_of_batch": 200,
    "images": 700,
    "validation": 200,
    "labels": "random",
    "activation": "tanh",
    "initialisation": "second",
    "weights": "glorot",
    "kinks": "even",
    "keep": 0.5,
    "dtype": "float64",
    "series": 2,
    "records": 1,
    "records_every": 2,
    "recorded": ("test",),
    "best_parameters": True,
    "gradient_norms": True,
    "snapshots_every": 2,
}
REFUSED = {  # beside what a function or images do not have
    "images": {"kinks"},
    "function": {"images", "validation", "labels"},
}
TOGETHER = {("activation", "kinks"), ("kinks", "keep"), ("records", "records_every"), ("recorded", "best_parameters")}


def test_every_field_is_tried():
    assert list(OPTIONS) == [field.name for field in fields(Experiment)]


def with_options(base, names):
    chosen = {name: OPTIONS[name] for name in names}
    if "data" in chosen:
        chosen["data"] = chosen["data"][base]
    return replace(BASES[base], **chosen)


@pytest.fixture(scope="module")
def trained():
    """What an experiment gave for one seed, trained once."""
    known = {}

    def of(experiment):
        if experiment not in known:
            known[experiment] = train(experiment, [5])
        return known[experiment]

    return of


def same(first, second):
    return first.keys() == second.keys() and all(
        first[name].shape == second[name].shape and np.array_equal(first[name], second[name]) for name in first
    )


@pytest.mark.parametrize("base", BASES)
def test_every_pair_of_fields_is_refused_or_trained_as_a_plain_loop_does(base, trained):
    """And has an effect that neither of the two has alone, so that no field is silently ignored."""
    refused, expected = set(), set()
    for names in itertools.combinations(OPTIONS, 2):
        if names[0] == "data" and base == "images":
            continue  # another image set is not at hand
        alone = "best_parameters" in names and "validation" not in names
        if alone or names in TOGETHER or REFUSED[base] & set(names):
            expected.add(names)
        try:
            experiment = with_options(base, names)
        except ValueError:
            refused.add(names)
            continue
        found = trained(experiment)
        for member in range(experiment.series):
            where = (0, member) if experiment.series > 1 else 0
            assert_equal_but_for_rounding(found, plain_training(experiment, 5, member), where)
        for name in names:
            if name != "best_parameters":  # which is nothing without validation
                assert not same(found, trained(with_options(base, [name]))), names
    assert refused == expected


@pytest.mark.parametrize(
    "wrong",
    [
        dict(data="cosine"),
        dict(hidden=()),
        dict(hidden=(0,)),
        dict(epochs=0),
        dict(batch_size=0),
        dict(images=0),
        dict(validation=1437),
        dict(validation=-1),
        dict(kinks="even"),
        dict(keep=0.0),
        dict(keep=1.5),
        dict(learning_rate=-0.1),
        dict(learning_rate=float("nan")),
        dict(recorded=()),
        dict(recorded=("train", "train")),
        dict(recorded=("truth",)),
        dict(records_every=0),
        dict(best_parameters=True),
        dict(validation=10, recorded=("test",), best_parameters=True),
        dict(data="cos", labels="random"),
        dict(data="cos", validation=10),
        dict(data="cos", images=10),
    ],
    ids=str,
)
def test_an_experiment_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must|unknown|kinks|labels"):
        replace(Experiment("digits", (3,), epochs=1), **wrong)


def test_steps_and_counts():
    experiment = Experiment("mnist", (30,), epochs=100, batch_size=50)
    assert experiment.steps == 120_000
    assert Experiment("digits", (30,), epochs=2, batch_size=50).steps_per_epoch == 29
    assert Experiment("cos", (8,), epochs=3, batch_size=100).steps == 30
    assert parameter_count(*experiment.widths) == 23_860
    few_steps = Experiment("mnist", (20, 30), epochs=50, batch_size=5, steps_of_batch=125)
    assert (few_steps.steps, few_steps.passes, few_steps.samples) == (24_000, 2, 120_000)
    many_epochs = Experiment("mnist", (20, 30), epochs=50, batch_size=1500, steps_of_batch=125)
    assert (many_epochs.steps, many_epochs.passes, len(many_epochs.record_steps)) == (24_000, 600, 101)
    cut_short = Experiment("digits", (20,), epochs=50, batch_size=5, steps_of_batch=125)
    assert (cut_short.steps, cut_short.passes, cut_short.samples) == (600, 3, 2 * 1437 + 24 * 5)
    validated = Experiment("mnist", (30,), epochs=1, batch_size=60, validation=5000)
    assert (validated.training_size, validated.steps) == (55_000, 917)
    assert validated.recorded_sizes == {"train": 55_000, "validation": 5000, "test": 10_000}


def test_a_new_field_with_a_default_leaves_descriptions_as_they_were():
    experiment = Experiment("digits", (12, 9), epochs=2, batch_size=50)
    assert experiment.terms() == {"data": "digits", "hidden": (12, 9), "epochs": 2, "batch_size": 50}


def scale(tier, **options):
    return SimpleNamespace(tier=tier, options={"dataset": None, "data_root": None, "device": None} | options)


def test_a_tier_fills_in_data_epochs_and_place():
    declared = ExperimentTraining(Experiment("mnist", (3,), epochs=400, batch_size=50, validation=6000))
    fast = declared.at(scale("fast"))
    placed = fast.experiment
    assert (placed.data, placed.epochs, placed.validation) == ("digits", 100, 144)
    assert (fast.root, fast.place) == (None, "process")
    full = declared.at(scale("full", data_root="data", device="cuda"))
    assert (full.root, full.place) == (Path("data"), "cuda")
    assert full == declared
    assert declared.at(scale("fast", dataset="mnist")).experiment.data == "mnist-mini"
    function = ExperimentTraining(Experiment("cos", (3,), epochs=400))
    assert function.at(scale("fast", dataset="mnist", data_root="data")) == function
    assert (fast.judged_on, full.judged_on, function.judged_on) == ("digits", "mnist", "functions")
    assert (full.looks.at[0], function.looks.budget) == (16, 320)


def test_a_training_wraps_it_for_ontrial():
    experiment = ExperimentTraining(BASES["images"])
    assert str(experiment) == str(BASES["images"])
    assert isinstance(experiment, Training)
    assert pickle.loads(pickle.dumps(experiment)) == experiment
    described = json.loads(json.dumps(experiment.describe()))
    assert described["hidden"] == [6, 4]
    assert experiment.terms().items() <= experiment.describe().items()
    assert experiment.describe() != ExperimentTraining(replace(BASES["images"], epochs=4)).describe()
    assert {"data_digest", "source", "rounding"} <= described.keys()
    declared, defaults = experiment.terms().keys(), experiment.defaults()
    assert not declared & defaults.keys()
    assert declared | defaults.keys() == {each.name for each in fields(Experiment)}
    assert json.loads(json.dumps(defaults)) == defaults
    assert (defaults["learning_rate"], defaults["recorded"]) == (1e-3, ["train", "validation", "test"])
    assert experiment.code() == {}
    assert experiment.settings()["parameters"] == parameter_count(64, 6, 4, 10)
    found = experiment.train([1, 2**31])
    assert {len(values) for name, values in found.items() if name not in experiment.shared} == {2}
    assert experiment.shared >= {name for name in found if name.endswith(("epoch", "step"))}


def test_what_it_depends_on_does_not_hang_on_where_the_data_lie(tmp_path):
    experiment = ExperimentTraining(BASES["images"])
    assert replace(experiment, root=tmp_path).describe() == experiment.describe()


def test_estimates_are_near_what_it_takes():
    function = ExperimentTraining(Experiment("cos", (24, 16), epochs=2000))
    function.train([0])  # what is compiled is compiled
    took = float("inf")
    for _ in range(3):
        started = time.process_time()  # seconds of the core, which other processes do not lengthen
        function.train([0])
        took = min(took, time.process_time() - started)
    assert took / 4 < function.estimate(1) < took * 4


def test_estimates_are_near_what_was_measured_and_grow_with_what_there_is_to_do(monkeypatch):
    monkeypatch.setattr(pace, "matrix_product_rate", lambda: 7.86e10)  # of the machine of docs/benchmarks.md
    images = Experiment("mnist", (30,), epochs=1, batch_size=50)
    for hidden, measured in {(30,): 66e-6, (100, 50): 245e-6, (800, 400): 3236e-6}.items():  # seconds a step
        shorter, longer = (pace.estimate(replace(images, hidden=hidden, epochs=epochs), 1) for epochs in (100, 200))
        assert (longer - shorter) / (100 * images.steps_per_epoch) == pytest.approx(measured, rel=0.5), hidden
    assert pace.estimate(images, 1) < pace.estimate(replace(images, records_every=10), 1)
    assert pace.estimate(images, 64, "cuda") < 10 * pace.estimate(images, 1, "cuda")
    function = Experiment("cos", (24, 16), epochs=2000)
    assert pace.estimate(function, 20) == pytest.approx(20 * pace.estimate(function, 1))
    for more in (dict(series=2), dict(epochs=4000), dict(hidden=(200, 100)), dict(activation="tanh")):
        assert pace.estimate(replace(function, **more), 1) > 1.3 * pace.estimate(function, 1), more
