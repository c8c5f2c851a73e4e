"""Every claim with the change of training, data or order that must turn it over, trained in miniature.

`claims/homework/mutations.toml` has the changes in words. The medians of a few seeds are compared, without intervals:
on which side of the border they lie must differ between what the claim trains and what is trained with the change.
"""

import tomllib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from models import stationary_points
from models.experiment import Experiment, parameter_count
from models.probing import ExperimentTraining
from models.training import Trained
from ontrial import Arrays, Claim, Run, Runs
from ontrial.stats.verdicts import Evidence
from ontrial.trainings import FAST_ALPHA, Scale, Training
from tests.claims.test_claims import COUNTS, FOLDER, IDS
from tests.claims.worlds import Declared, declared

Trainings = Mapping[Hashable, Any]
FAST = Scale("fast", {"device": "cpu"})
WORDS = tomllib.loads((FOLDER / "mutations.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Mutation:
    """A change. trainings: of what is trained, by its name; arrays: of what each run recorded."""

    trainings: Callable[[Trainings], Trainings] = field(default=lambda same: same)
    arrays: Callable[[Arrays], Arrays] = field(default=lambda same: same)
    seeds: int = 4


def experiments(change: Callable[[Experiment], Experiment], only: object = None) -> Callable[[Trainings], Trainings]:
    """Change every experiment, those of probes too, or one alone."""

    def changed(training: Any) -> Any:
        parts = {name: getattr(training, name, None) for name in ("experiment", "other")}
        return replace(training, **{name: change(each) for name, each in parts.items() if each is not None})

    return lambda all_: {name: changed(each) if only in (None, name) else each for name, each in all_.items()}


def fields(only: object = None, **values: Any) -> Mutation:
    """Other values of some fields of the experiments."""
    return Mutation(experiments(lambda each: replace(each, **values), only))


def rate(factor: float, seeds: int = 4, only: object = None) -> Mutation:
    """The learning rates times a factor."""
    changed = experiments(lambda each: replace(each, learning_rate=factor * each.learning_rate), only)
    return Mutation(changed, seeds=seeds)


def rate_by_size(power: float, at: int) -> Mutation:
    """Learning rates that fall or rise with a power of the number of parameters, and are as they were at one."""

    def changed(each: Experiment) -> Experiment:
        return replace(each, learning_rate=each.learning_rate * (parameter_count(*each.widths) / at) ** power)

    return Mutation(experiments(changed), seeds=1)


def order(*places: int, seeds: int = 4) -> Mutation:
    """What is trained in another order, under the same names: the place that each takes its training from."""
    return Mutation(
        lambda all_: dict(zip(all_, [[*all_.values()][place] for place in places], strict=True)), seeds=seeds
    )


def exchanged(first: Hashable, second: Hashable) -> Mutation:
    """Two names change places, alone or as a part of other names."""
    other = {first: second, second: first}

    def of(name: Any) -> Any:
        return tuple(other.get(part, part) for part in name) if isinstance(name, tuple) else other.get(name, name)

    return Mutation(lambda all_: {name: all_[of(name)] for name in all_})


def without_iterations(trained: Trained) -> Arrays:
    """What the second-order method returns where training ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stationary_points, "MOST_ITERATIONS", 0)
        return stationary_points.stationary_points(trained)


FUNCTIONS = Mutation(experiments(lambda each: replace(each, data="arcsinh" if each.data == "cos" else "cos")))
TRUE_LABELS = replace(
    fields(labels="true"), arrays=lambda arrays: {"test_accuracy_on_truth": arrays["test_accuracy"], **arrays}
)
LOSS_REVERSED = Mutation(arrays=lambda arrays: {**arrays, "loss_there": -arrays["loss_there"]})
SIZES_REVERSED = Mutation(
    arrays=lambda arrays: {**arrays, "frozen_batch_size": np.flip(arrays["frozen_batch_size"], axis=1)}
)
LOSSES = Mutation(
    arrays=lambda arrays: {**arrays, "train_loss": arrays["test_loss"], "test_loss": arrays["train_loss"]}, seeds=1
)
CONSTANT_LOSS = Mutation(arrays=lambda arrays: {**arrays, "batch_loss": np.ones_like(arrays["batch_loss"])})
PLAIN_STEPS = Mutation(
    lambda all_: {name: all_["epochs", name[1]] for name in all_}  # type: ignore[index]
)
LARGE_LEARN_LESS = rate_by_size(-1.5, at=790)

MUTATIONS: dict[str, Mutation] = {
    "F2": rate(0.01),
    "F3": FUNCTIONS,
    "F4": FUNCTIONS,
    "F5": rate(4),
    "F6": FUNCTIONS,
    "F7": FUNCTIONS,
    "F8": exchanged("shallow", "deep"),
    "F9": fields(kinks="default"),
    "F10": FUNCTIONS,
    "F11": FUNCTIONS,
    "M2": rate(1 / 20),
    "M3": rate(10),
    "M4": rate(0.01),
    "M5": exchanged("shallow", "middle"),
    "M6": rate(0.1),
    "M7": rate(0.1),
    "M8": rate(30),
    "M9": order(2, 3, 0, 1),
    "M10": order(1, 0),
    "W2": fields("series", epochs=1000, snapshots_every=100),
    "W3": rate(0),
    "W4": fields("long", epochs=60),
    "W5": rate(0),
    "G1": CONSTANT_LOSS,
    "G2": rate(0.25),
    "G3": rate(0),
    "G4": rate(1 / 16, only="lr"),
    "G5": replace(fields(epochs=600), seeds=8),
    "G6": CONSTANT_LOSS,
    "Z1": Mutation(lambda all_: {name: replace(each, function=without_iterations) for name, each in all_.items()}),
    "Z2": LOSS_REVERSED,
    "Z3": LOSS_REVERSED,
    **dict.fromkeys(("R1", "R2", "R3", "R4", "R5", "R6", "R7"), TRUE_LABELS),
    "P2": LARGE_LEARN_LESS,
    "P3": LARGE_LEARN_LESS,
    "P4": order(4, 3, 2, 1, 0, seeds=1),
    "P5": replace(fields(epochs=10), seeds=1),
    "P6": LOSSES,
    "P7": LARGE_LEARN_LESS,
    "P8": rate_by_size(1, at=383_000),
    "P9": replace(exchanged(1_645, 16_640), seeds=1),
    "P10": LOSSES,
    "P11": rate(10, seeds=1),
    "I1": rate(10),
    "I2": fields(labels="random"),
    "I3": order(1, 0),
    "I4": exchanged("independent", "shared"),
    "B2": order(2, 3, 0, 1, 4),
    "B3": order(4, 0, 1, 2, 3),
    "B4": order(2, 3, 0, 1, 4),
    "B5": order(4, 0, 1, 2, 3),
    "B6": rate(1 / 30),
    "B7": order(4, 3, 2, 1, 0),
    "B8": fields(steps_of_batch=500),
    "B9": PLAIN_STEPS,
    "B10": SIZES_REVERSED,
    "B11": exchanged("tuned", "one rate"),
    "B12": rate(1 / 30),
    "B13": rate(10),
}
# What holds by construction holds with other trainings too, as far as they are steady.
OTHER_TRAININGS = {
    "M3": [rate(0.1), fields(batch_size=500)],
    "R2": [rate(10), rate(0.1)],
    "R6": [rate(10), rate(0.1), fields(hidden=(40,))],
}


@cache
def trained(training: Training, seeds: int) -> Arrays:
    """What a training and the first one that it needs recorded."""
    needed = [trained(each, seeds) for each in training.needs]
    return {**(needed[0] if needed else {}), **training.train(range(seeds), needed)}


def conditions(case: Declared, mutation: Mutation) -> tuple[Evidence, ...]:
    """The evidence of a case of a claim in the fast tier with a change."""
    assert case.trainings is not None
    wrapped = {
        name: (ExperimentTraining(each) if isinstance(each, Experiment) else each).at(FAST)
        for name, each in case.trainings.items()
    }
    seeds = tuple(range(mutation.seeds))
    runs = {
        name: Run(each, seeds, mutation.arrays(dict(trained(each, mutation.seeds))))
        for name, each in mutation.trainings(wrapped).items()
    }
    claim = Claim(case.id, FAST_ALPHA, seeds)
    case.test(claim=claim, runs=Runs(runs), **case.parameters)
    return claim.evidence


def is_met(each: Evidence) -> bool:
    """Whether the estimate lies in the region; not where no seed is left to judge."""
    values = each.interval.values
    middle = (np.median if each.interval.statistic == "median" else np.mean)(values) if values else np.nan
    return float(middle) in each.region


def cases(id: str) -> Iterator[Declared]:
    return (case for case in declared() if case.report == "homework" and case.id == id)


def test_every_claim_has_a_change_in_words():
    assert list(WORDS) == IDS
    assert set(MUTATIONS) == {*IDS} - COUNTS
    assert all("change" in words for words in WORDS.values())
    assert {id for id, words in WORDS.items() if "by_construction" in words} == set(OTHER_TRAININGS)


@pytest.mark.parametrize("task", sorted({id[0] for id in MUTATIONS}))  # a task's claims share trainings
def test_the_change_turns_the_claim_over(task):
    """In at least one of its cases: the miniature's own verdicts differ from those of the report's settings."""
    unmoved = []
    for id, mutation in MUTATIONS.items():
        if id[0] == task:
            unchanged = replace(Mutation(), seeds=mutation.seeds)
            before, after = (
                [all(map(is_met, conditions(case, each))) for case in cases(id)] for each in (unchanged, mutation)
            )
            unmoved += [id] if before == after else []
    assert unmoved == []


@pytest.mark.parametrize("id", OTHER_TRAININGS)
def test_what_holds_by_construction_holds_with_other_trainings(id):
    """Of R2 the half that is by construction: the test loss exceeds that of guessing, by however little."""
    for mutation in OTHER_TRAININGS[id]:
        for case in cases(id):
            first, *_ = conditions(case, mutation)
            assert np.median(first.interval.values) > 0 if id == "R2" else is_met(first)
