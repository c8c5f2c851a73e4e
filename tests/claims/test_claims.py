"""The claims themselves: short, judged last, complete, pure, and about what the definitions mean."""

import ast
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.homework import test_batch_size_and_sensitivity as batches
from claims.homework import test_equal_size_on_mnist as equal_size
from claims.homework import test_gradient_norm as gradient
from claims.homework import test_number_of_parameters as sizes
from claims.homework import test_optimisation_process as process
from claims.homework import test_simulate_a_function as functions
from claims.homework.measures.from_runs import late_gain
from models.experiment import Experiment
from models.probes import BATCH_SIZES
from models.probing import ExperimentTraining, Probe
from ontrial import Claim, Run
from tests.claims.worlds import declared

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "claims" / "homework"
CLAIMS = {"F": 11, "M": 10, "W": 5, "G": 6, "Z": 3, "R": 8, "P": 11, "I": 4, "B": 13}  # how many of each task, 71
IDS = [f"{task}{number}" for task, count in CLAIMS.items() for number in range(1, count + 1)]
COUNTS = {"F1", "M1", "W1", "R8", "P1", "B1"}  # that nothing has to be trained for
# What untrained networks would meet as well, so that training must have lowered the loss.
LEARNED = {*"F8 F9 F10 F11 M9 M10 W4 Z1 Z2 Z3 R2 R4 R6 R7 P3 P11 I2 B6 B9 B10 B11 B12".split()}  # noqa: SIM905
ONLY_IF_CONVERGED = {"F3", "F4", "F6", "F9", "F11"}
DIRECTIONS = {"G4", "Z2", "Z3"}  # of which seeds, or pairs of seeds, that tie say nothing
AMONG = ONLY_IF_CONVERGED | DIRECTIONS | {"G1", "G6", "I3"}  # conditional claims, which leave seeds out

NODES = [node for path in sorted(FOLDER.glob("test_*.py")) for node in ast.parse(path.read_bytes()).body]
TESTS = [node for node in NODES if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
TEXTS = {re.search(r"pytest\.mark\.claim\('(\w+)'", ast.unparse(test))[1]: ast.unparse(test) for test in TESTS}


def test_every_claim_has_one_test():
    assert sorted(TEXTS) == sorted(IDS)
    assert len(TESTS) == len(IDS) == 71


def test_claim_tests_are_pure_and_end_with_the_verdict():
    """No assertion, branch, printing or catching in a test, and no verdict or reason."""
    forbidden = (ast.Assert, ast.If, ast.Try, ast.With, ast.While, ast.Global, ast.Raise, ast.Import, ast.ImportFrom)
    for test in TESTS:
        assert not any(isinstance(node, forbidden) for node in ast.walk(test)), test.name
        assert ast.unparse(test.body[-1]).startswith("claim.holds_if("), test.name
        assert ast.unparse(test).count("claim.holds_if(") == 1, test.name
        assert ("runs" in [each.arg for each in test.args.args]) == ("claim.figure = " in ast.unparse(test)), test.name
    code = [node for node in NODES if not isinstance(node, ast.Expr)]  # docstrings say what came out
    words = {word for node in code for word in re.findall(r"\w+", ast.unparse(node))}
    assert not {"refuted", "inconclusive", "xfail", "skip", "expected"} & words


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("figure = ", set(IDS) - COUNTS),
        ("claim.learned(", LEARNED),
        ("among=", AMONG),
        ("converged(", ONLY_IF_CONVERGED | {"F2"}),
        ("!= 0", DIRECTIONS),
    ],
)
def test_claims_that_need_a_precondition_have_it(words, names):
    assert {name for name, text in TEXTS.items() if words in text} == names


@pytest.mark.parametrize(
    ("module", "name", "changed"),
    [
        (process, "W1", {"series": 7}),
        (process, "W1", {"epochs": 31}),
        (process, "W1", {"hidden": (4, 5)}),
        (batches, "B1", {"batch_size": 7}),
        (batches, "B1", {"hidden": (20, 31)}),
    ],
)
def test_what_is_counted_is_what_is_trained(module, name, changed, monkeypatch):
    """A count of another network, or of other batch sizes, is another count."""
    first, declared = next(iter(module.EXPERIMENTS.items()))
    is_probe = isinstance(declared, Probe)
    other = replace(declared, **({"experiment": replace(declared.experiment, **changed)} if is_probe else changed))
    for trained, verdict in ((declared, "holds"), (other, "refuted")):
        monkeypatch.setitem(module.EXPERIMENTS, first, trained)
        judged = Claim(name, 0.01)
        getattr(module, re.search(r"def (\w+)", TEXTS[name])[1])(judged)
        assert judged.verdict == verdict


def test_improvement_is_from_epochs_25_and_30_to_45_and_50_in_whole_images():
    experiment = sizes.EXPERIMENTS[178_110]
    epochs = np.array(experiment.record_steps) // experiment.steps_per_epoch
    accuracy = np.where(np.isin(epochs, (45, 50)), 0.75, np.where(np.isin(epochs, (25, 30)), 0.5, 0.1))
    run = Run(ExperimentTraining(experiment), (1,), {"test_accuracy": accuracy[np.newaxis]}, 0.0)
    assert late_gain(run).tolist() == [5_000]
    assert sizes.TEN_IMAGES == 10


def test_depth_rises_from_shallow_to_deep_and_controls_have_no_bottleneck():
    for module in (functions, equal_size):
        depths = {model: len(hidden) for model, hidden in module.MODELS.items()}
        assert list(depths.items()) == list(module.LAYERS.items()) == [("shallow", 1), ("middle", 3), ("deep", 5)]
        for name, experiment in module.EXPERIMENTS.items():
            assert experiment.hidden == module.MODELS[name if isinstance(name, str) else name[0]]
    controls = equal_size.CONTROLS.values()
    assert {(len(widths), widths[0]) for widths in controls} == {(3, 29), (5, 29)}
    assert min(min(widths) for widths in controls) >= 10  # as many as there are classes


def test_networks_that_are_compared_differ_in_what_the_claim_says_alone():
    assert BATCH_SIZES == batches.BATCHES == tuple(batches.PLAIN)
    assert len({replace(experiment, batch_size=None) for experiment in batches.PLAIN.values()}) == 1
    assert {experiment.steps for experiment in batches.EQUAL_STEPS.values()} == {24_000}
    rates = {batch: experiment.learning_rate / 1e-3 for batch, experiment in batches.TUNED.items()}
    assert rates == {batch: pytest.approx((batch / 125) ** 0.5) for batch in BATCH_SIZES}
    for experiment in [*batches.PLAIN.values(), *sizes.EXPERIMENTS.values()]:  # records of epochs 5, 10, … 50
        assert experiment.epochs == 10 * experiment.epochs_between_records == 50
    usual, quarter = gradient.EXPERIMENTS.values()
    assert quarter == replace(usual, learning_rate=usual.learning_rate / 4, epochs=4 * usual.epochs)


def images_of(task, name):
    """What a claim of M, P or B trains under a name, written from what the name says."""
    if task == "M":
        hidden = {**equal_size.MODELS, **equal_size.CONTROLS}[name]
        return Experiment("mnist", hidden, epochs=100, batch_size=50)
    if task == "P":
        return Experiment("mnist", dict(zip(sizes.SIZES, sizes.HIDDEN, strict=True))[name], 50, 50, records=10)
    by, batch = name if isinstance(name, tuple) else ("epochs", name)
    rate = 1e-3 * (batch / 125) ** 0.5 if by == "tuned" else 1e-3
    steps = 125 if by == "steps" and batch != 125 else None
    return Experiment("mnist", (20, 30), 50, batch, rate, steps, records=10)


def test_what_is_trained_on_images_is_what_its_name_says():
    for case in (each for each in declared() if each.report == "homework" and each.id[0] in "MPB"):
        for name, training in (case.trainings or {}).items():
            assert getattr(training, "experiment", training) == images_of(case.id[0], name), (str(case), name)


def test_expected_verdicts_are_of_claims_that_there_are_and_say_why_without_numbers():
    """Numbers come from the record, where they cannot grow stale."""
    for each in tomllib.loads((FOLDER / "known.toml").read_text(encoding="utf-8"))["known"]:
        assert each["claim"] in IDS, each
        assert not any(letter.isdigit() for letter in each["why"]), each
