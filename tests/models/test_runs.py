"""What claims read from a run: weights by layer, and each seed's own points."""

import numpy as np
import pytest
import torch

from models import networks
from models.experiment import Experiment
from models.probes import sensitivity
from models.probing import ExperimentTraining, Probe
from models.runs import experiment_of, initial, initial_weights, on, samples, weight_layers, weights
from models.training import train
from ontrial.trainings import Run

SEEDS = (7, 3_000_000_001)
COS = Experiment("cos", (3, 5), epochs=6)


def run_of(experiment):
    return Run(ExperimentTraining(experiment), SEEDS, train(experiment, SEEDS))


def test_weight_layers_are_those_of_the_networks():
    layer = weight_layers(1, 3, 5, 1)
    flat = torch.arange(32.0).unsqueeze(0)  # (seed, parameter)
    for number, part in enumerate(networks.layers(flat, (1, 3, 5, 1)), 1):
        assert flat[0, torch.from_numpy(layer == number)].tolist() == part.weight.flatten().tolist()


def test_a_run_of_series_has_an_axis_for_them():
    run = run_of(Experiment("cos", (3, 5), epochs=6, series=4, snapshots_every=2))
    assert initial(run).shape == (2, 4, 32)
    assert weights(run).shape == (2, 4, 3, 23)
    assert weights(run, 2).shape == (2, 4, 3, 15)
    assert initial_weights(run).shape == (2, 4, 23)
    assert abs(weights(run)[:, :, 0] - initial_weights(run)).max() < 2e-3  # a step of Adam later


def test_every_seed_has_points_of_its_own_and_test_points_are_not_those_of_training():
    run = run_of(COS)
    train_points, test_points = samples(run, "training data"), samples(run, "test data")
    assert train_points.inputs.shape == (2, 1000)
    assert not np.intersect1d(train_points.inputs, test_points.inputs).size
    assert not np.intersect1d(train_points.inputs[0], train_points.inputs[1]).size
    for points, loss in ((train_points, run.train_loss), (test_points, run.test_loss)):
        assert np.square(points.outputs - points.targets).mean(1) == pytest.approx(loss[:, -1], rel=1e-4)
    grid = on(run, np.linspace(-1, 1, 5))
    assert grid.inputs.tolist() == [grid.inputs[0].tolist()] * 2
    assert not np.array_equal(grid.outputs[0], grid.outputs[1])


def test_the_experiment_of_a_training_of_ours_and_of_no_other():
    for training in (ExperimentTraining(COS), Probe(sensitivity, COS)):
        assert experiment_of(Run(training, SEEDS, {})) == COS
    with pytest.raises(TypeError, match="no experiment"):
        experiment_of(Run("planted", SEEDS, {}))
