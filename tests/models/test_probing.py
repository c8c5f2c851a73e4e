"""Experiments and probes as ontrial trains them: described by all that a result depends on, measured seed by seed."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import probing
from models.experiment import Experiment, parameter_count
from models.probes import sensitivity
from models.probing import ExperimentTraining, Probe, estimate
from models.training import SHARED, Trained, compiled_for, train
from ontrial.fingerprint import module_files
from ontrial.running.store import described, name_of
from ontrial.trainings import Scale, Training

ROOT = Path(__file__).parents[2]
IMAGES = Experiment("digits", (6, 4), epochs=3, batch_size=100)
NETS = Experiment("cos", (3,), epochs=2)
OTHERS = Experiment("cos", (4,), epochs=2)
SEEDS = (5, 4_000_000_000, 1)


def mean_parameter(trained: Trained) -> dict[str, np.ndarray]:
    assert len(trained.seeds) == 1
    return {"mean_parameter": trained.parameters.mean(1).numpy(), "inputs": trained.data.train_inputs[:, 0].numpy()}


def widths(first: Trained, second: Trained) -> dict[str, np.ndarray]:
    assert first.seeds == second.seeds
    return {"widths": np.array([[first.parameters.shape[1], second.parameters.shape[1]]])}


def test_a_probe_measures_every_seed_by_itself():
    probe, trained = Probe(mean_parameter, NETS), train(NETS, SEEDS)
    found = probe.train(SEEDS, [trained])
    assert found["mean_parameter"] == pytest.approx(trained["parameters"].mean(1))
    assert len(np.unique(found["inputs"])) == 3
    both = Probe(widths, NETS, OTHERS)
    assert both.train(SEEDS, [each.train(SEEDS) for each in both.needs])["widths"].tolist() == [[10, 13]] * 3


def test_a_tier_fills_in_data_epochs_and_place():
    declared = ExperimentTraining(Experiment("mnist", (3,), epochs=400, batch_size=50))
    fast, mini = declared.at(Scale("fast")), declared.at(Scale("fast", {"dataset": "mnist"}))
    assert (fast.experiment.data, fast.experiment.epochs, fast.root, fast.place) == ("digits", 100, None, "process")
    assert (mini.experiment.data, mini.judged_on) == ("mnist-mini", "mnist")
    full = declared.at(Scale("full", {"data_root": "data", "device": "cuda"}))
    assert (full, full.root, full.place) == (declared, Path("data"), "cuda")
    function = ExperimentTraining(Experiment("cos", (3,), epochs=400))
    assert function.at(Scale("fast", {"dataset": "mnist", "data_root": "data"})) == function
    assert (fast.judged_on, full.judged_on, function.judged_on) == ("digits", "mnist", "functions")
    assert (full.looks.at[0], function.looks.budget) == (16, 320)
    probe = Probe(mean_parameter, declared.experiment, declared.experiment).at(Scale("fast"))
    assert [each.experiment for each in probe.needs] == [fast.experiment] * 2
    assert (probe.judged_on, probe.place, probe.looks) == ("digits", "process", fast.looks)


@pytest.mark.parametrize("training", [ExperimentTraining(IMAGES), Probe(sensitivity, IMAGES)], ids=["nets", "probe"])
def test_a_training_is_what_ontrial_needs(training, tmp_path):
    assert isinstance(training, Training)
    assert str(IMAGES) in str(training)
    assert pickle.loads(pickle.dumps(training)) == training
    assert json.loads(json.dumps(training.describe())).keys() >= {"source", "rounding"}
    assert replace(training, root=tmp_path).describe() == training.describe()  # wherever the data folder is
    assert training.settings()["parameters"] == parameter_count(64, 6, 4, 10)


def test_an_experiment_is_described_by_its_terms_data_and_source():
    training = ExperimentTraining(IMAGES)
    assert training.terms().items() <= training.describe().items()
    assert training.describe()["data_digest"] != ExperimentTraining(NETS).describe()["data_digest"]
    assert (training.code(), training.defaults()["learning_rate"]) == ({}, 1e-3)
    found = training.train([1, 2**31])
    assert {len(values) for name, values in found.items() if name not in training.shared} == {2}
    assert found.keys() & SHARED == {"epoch", "record_step"}


def test_a_probe_is_described_by_its_networks_and_every_module_that_it_runs_through(monkeypatch):
    names = [name_of(described(each), 1) for each in (
        Probe(mean_parameter, NETS), Probe(mean_parameter, OTHERS), Probe(widths, NETS), Probe(widths, NETS, OTHERS)
    )]  # fmt: skip
    assert len(set(names)) == 4
    reached = {path.name for path in module_files("models.probes")}
    assert {"probes.py", "data.py", "training.py", "networks.py"} <= reached
    assert "vectors.py" in {path.name for path in module_files("models.stationary_points")}
    both = Probe(widths, NETS, OTHERS)
    assert both.terms() == {"probe": "widths", "networks": [each.terms() for each in (NETS, OTHERS)]}
    assert both.defaults() == {"networks": [each.defaults() for each in (NETS, OTHERS)]}
    assert both.code().keys() == {"widths"}
    assert Probe(sensitivity, NETS).code().keys() >= {"sensitivity", "jacobian_norms", "outputs"}
    monkeypatch.setattr(probing, "module_digest", lambda name: "a mended probe")
    assert name_of(described(Probe(mean_parameter, NETS)), 1) not in names


def test_describing_a_training_imports_no_compiler():
    code = (
        "import sys; from models.probing import Experiment, Probe\n"
        "from models.stationary_points import stationary_points\n"
        "Probe(stationary_points, Experiment('cos', (3, 5), epochs=1)).describe()\n"
        "print({'numba', 'scipy.linalg', 'sklearn', 'models.cpu.solver', 'torchvision'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_decides_rounding_is_part_of_the_description(tmp_path, monkeypatch):
    code = "import json; from models.training import rounding; print(json.dumps(rounding('cpu')))"
    older = {"OPENBLAS_CORETYPE": "Sandybridge", "NUMBA_CPU_NAME": "generic", "ATEN_CPU_CAPABILITY": "default"}
    plain = {name: value for name, value in os.environ.items() if name not in older}
    now, then = (
        json.loads(
            subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, check=True).stdout
        )
        for env in (plain, plain | older)
    )
    assert {name for name in now if now[name] != then[name]} == {"blas", "compiled_for", "torch_kernels"}
    monkeypatch.chdir(tmp_path)
    settings = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "-fma", "NUMBA_ENABLE_AVX": "0"}
    for name in settings:
        monkeypatch.delenv(name, raising=False)
    found = [compiled_for()]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
        found.append(compiled_for())
    (tmp_path / ".numba_config.yaml").write_text("cpu_features: +avx\n", encoding="utf-8")
    assert len({*found, compiled_for()}) == 5


def test_estimates_are_near_what_was_measured_and_grow_with_the_work(monkeypatch):
    monkeypatch.setattr(probing, "matrix_product_rate", lambda: 7.86e10)  # of the machine of docs/benchmarks.md
    images = Experiment("mnist", (30,), epochs=1, batch_size=50)
    for hidden, measured in {(30,): 66e-6, (100, 50): 245e-6, (800, 400): 3236e-6}.items():  # seconds a step
        shorter, longer = (estimate(replace(images, hidden=hidden, epochs=epochs), 1) for epochs in (100, 200))
        assert (longer - shorter) / (100 * images.steps_per_epoch) == pytest.approx(measured, rel=0.5), hidden
    assert estimate(images, 64, "cuda") < 10 * estimate(images, 1, "cuda")
    function = Experiment("cos", (24, 16), epochs=2000)
    assert estimate(function, 20) == pytest.approx(20 * estimate(function, 1))
    for more in (dict(series=2), dict(epochs=4000), dict(hidden=(200, 100)), dict(activation="tanh")):
        assert estimate(replace(function, **more), 1) > 1.3 * estimate(function, 1), more
    assert estimate(replace(function, records=2000), 1) > 1.3 * estimate(function, 1)
    assert Probe(sensitivity, images).estimate(2) == pytest.approx(8 * estimate(images, 1))
