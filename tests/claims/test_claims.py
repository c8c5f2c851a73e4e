"""The claims themselves: short, judged last, complete, pure, and about what the definitions mean."""

import ast
import importlib
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims.homework.measures.from_runs import late_gain
from models.probes import BATCH_SIZES
from models.probing import ExperimentTraining, Probe
from ontrial.claim import Claim
from ontrial.trainings import Run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "claims" / "homework"
MODULES = sorted(FOLDER.glob("test_*.py"))
MOST_LINES = 10
CLAIMS = {"F": 11, "M": 10, "W": 5, "G": 6, "Z": 3, "R": 8, "P": 11, "I": 4, "B": 13}  # how many of each task
IDS = [f"{task}{number}" for task, count in CLAIMS.items() for number in range(1, count + 1)]
COUNTS = {"F1", "M1", "W1", "R8", "P1", "B1"}  # that nothing has to be trained for
# What untrained networks would meet as well, so that training must have lowered the loss.
LEARNED = (
    set("F8 F9 F10 F11 M9 M10 W4 Z1 Z2 Z3 R2 R4 R6 R7 P3 P11 I2 B6 B9 B10 B11 B12".split())  # noqa: SIM905
)
ONLY_IF_CONVERGED = {"F3", "F4", "F6", "F9", "F11"}
DIRECTIONS = {"G4", "Z2", "Z3"}  # of which seeds, or pairs of seeds, that tie say nothing
AMONG = ONLY_IF_CONVERGED | DIRECTIONS | {"G1", "G6", "I3"}  # conditional claims, which leave seeds out
EACH = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def claim_tests(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def marker(test: ast.FunctionDef) -> ast.Call:
    [found] = [
        each
        for each in test.decorator_list
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.claim"
    ]
    return found


def by_id() -> dict[str, ast.FunctionDef]:
    return {ast.literal_eval(marker(test).args[0]): test for path in MODULES for test in claim_tests(path)}


def module(name: str):
    return importlib.import_module(f"claims.homework.{name}")


@EACH
def test_claim_tests_are_short_and_end_with_the_verdict(path):
    for test in claim_tests(path):
        assert test.end_lineno - test.lineno < MOST_LINES, test.name
        assert ast.unparse(test.body[-1]).startswith("claim.holds_if("), test.name
        assert ast.unparse(test).count("claim.holds_if(") == 1, test.name


@EACH
def test_claim_tests_are_pure(path):
    """No assertion, branch, printing or catching in a test, and no verdict or reason."""
    forbidden = (ast.Assert, ast.If, ast.Try, ast.With, ast.While, ast.Global, ast.Raise, ast.Import, ast.ImportFrom)
    for test in claim_tests(path):
        assert not any(isinstance(node, forbidden) for node in ast.walk(test)), test.name
    assert not {"refuted", "inconclusive", "xfail", "skip", "expected"} & set(path.read_text(encoding="utf-8").split())


@EACH
def test_claim_tests_take_claim_and_runs_and_parameters_and_leave_a_figure(path):
    for test in claim_tests(path):
        taken, text = [argument.arg for argument in test.args.args], ast.unparse(test)
        assert taken[0] == "claim", test.name
        assert ("runs" in taken) == ("claim.figure = " in text), test.name


def test_every_claim_has_one_test():
    found = [ast.literal_eval(marker(test).args[0]) for path in MODULES for test in claim_tests(path)]
    assert sorted(found) == sorted(IDS)
    trained = {name for name, test in by_id().items() if "runs" in [argument.arg for argument in test.args.args]}
    assert trained == set(IDS) - COUNTS


def test_claims_that_untrained_networks_would_meet_ask_whether_training_lowered_the_loss():
    asked = {name for name, test in by_id().items() if "claim.learned(" in ast.unparse(test.body[-1])}
    assert asked == LEARNED


def test_conditional_claims_leave_seeds_out():
    texts = {name: ast.unparse(test) for name, test in by_id().items()}
    assert {name for name, text in texts.items() if "among=" in text} == AMONG
    assert {name for name, text in texts.items() if "converged(" in text} == ONLY_IF_CONVERGED | {"F2"}
    assert {name for name, text in texts.items() if "!= 0" in text} == DIRECTIONS


def test_there_are_71_claims():
    assert len(IDS) == 71


def test_improvement_is_from_epochs_25_and_30_to_45_and_50_in_whole_images():
    sizes = module("test_number_of_parameters")
    experiment = sizes.EXPERIMENTS[178_110]
    epochs = np.array(experiment.record_steps) // experiment.steps_per_epoch
    accuracy = np.where(np.isin(epochs, (45, 50)), 0.75, np.where(np.isin(epochs, (25, 30)), 0.5, 0.1))
    run = Run(ExperimentTraining(experiment), (1,), {"test_accuracy": accuracy[np.newaxis]}, 0.0)
    assert late_gain(run).tolist() == [5_000]
    assert sizes.TEN_IMAGES == 10


def test_what_is_counted_is_what_is_trained():
    """A count of another network, or of other batch sizes, is another count."""
    for name, of, changed in (
        ("test_optimisation_process", "W1", {"series": 7}),
        ("test_optimisation_process", "W1", {"epochs": 31}),
        ("test_optimisation_process", "W1", {"hidden": (4, 5)}),
        ("test_batch_size_and_sensitivity", "B1", {"batch_size": 7}),
        ("test_batch_size_and_sensitivity", "B1", {"hidden": (20, 31)}),
    ):
        counted = getattr(module(name), by_id()[of].name)
        declared = module(name).EXPERIMENTS
        first = next(iter(declared))
        one = declared[first]
        probed = isinstance(one, Probe)
        other = replace(one, experiment=replace(one.experiment, **changed)) if probed else replace(one, **changed)
        for trained, verdict in ((one, "holds"), (other, "refuted")):
            judged = Claim(of, 0.01)
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(declared, first, trained)
                counted(judged)
            assert judged.verdict == verdict, (of, changed)


def test_depth_rises_from_shallow_to_deep():
    for name in ("test_simulate_a_function", "test_equal_size_on_mnist"):
        hidden, layers = module(name).MODELS, module(name).LAYERS
        assert [*hidden] == ["shallow", "middle", "deep"]
        assert [len(hidden[model]) for model in hidden] == [layers[model] for model in hidden] == [1, 3, 5]
    for (model, _), experiment in module("test_simulate_a_function").EXPERIMENTS.items():
        assert experiment.hidden == module("test_simulate_a_function").MODELS[model]
    for model, experiment in module("test_equal_size_on_mnist").EXPERIMENTS.items():
        assert experiment.hidden == module("test_equal_size_on_mnist").MODELS[model]


def test_the_controls_have_first_layers_of_one_width_and_no_bottleneck():
    hidden = module("test_equal_size_on_mnist").CONTROLS
    assert {widths[0] for widths in hidden.values()} == {29}
    assert [len(widths) for widths in hidden.values()] == [3, 5]
    assert min(min(widths) for widths in hidden.values()) >= 10  # as many as there are classes


def test_batch_sizes_are_compared_on_networks_that_differ_in_what_the_claim_says_alone():
    batches = module("test_batch_size_and_sensitivity")
    assert BATCH_SIZES == batches.BATCHES == tuple(batches.PLAIN)
    assert len({replace(experiment, batch_size=None) for experiment in batches.PLAIN.values()}) == 1
    assert {experiment.steps for experiment in batches.EQUAL_STEPS.values()} == {24_000}
    rates = {batch: experiment.learning_rate / 1e-3 for batch, experiment in batches.TUNED.items()}
    assert rates == {batch: pytest.approx((batch / 125) ** 0.5) for batch in BATCH_SIZES}


def test_the_last_three_records_are_of_epochs_40_45_and_50():
    batches, sizes = module("test_batch_size_and_sensitivity"), module("test_number_of_parameters")
    for experiment in [*batches.PLAIN.values(), *sizes.EXPERIMENTS.values()]:
        assert experiment.epochs == 10 * experiment.epochs_between_records == 50


def test_four_times_the_steps_at_a_quarter_of_the_rate():
    usual, quarter = module("test_gradient_norm").EXPERIMENTS.values()
    assert quarter == replace(usual, learning_rate=usual.learning_rate / 4, epochs=4 * usual.epochs)


def test_what_is_known_is_of_claims_that_there_are_and_says_why_without_numbers():
    """Numbers come from the record, where they cannot grow stale."""
    entries = tomllib.loads((FOLDER / "known.toml").read_text(encoding="utf-8"))["known"]
    names = [(each["claim"], each["case"], each["tier"], each["data"]) for each in entries]
    assert len(set(names)) == len(names)
    for each in entries:
        assert each["claim"] in IDS, each
        assert each["tier"] in {"fast", "full"}, each
        assert each["data"] in {"mnist", "digits", "functions", "counts"}, each
        assert each["verdict"] in {"holds", "refuted", "inconclusive"}, each
        assert not any(letter.isdigit() for letter in each["why"]), each
