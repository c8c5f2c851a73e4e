"""Questions to trained networks: asked of the right seeds, one by one on the CPU, and named by all they run through."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models import probing
from models.experiment import Experiment
from models.probes import sensitivity
from models.probing import Probe
from models.rounding import _compiled_for as compiled_for
from models.training import Trained, train
from ontrial.running.sources import reached_files, spec
from ontrial.running.store import described, name_of
from ontrial.trainings import Scale

ROOT = Path(__file__).parents[2]
NETS = Experiment("cos", (3,), epochs=2)
OTHERS = Experiment("cos", (4,), epochs=2)
SEEDS = (5, 4_000_000_000, 1)
ASKED: list[tuple[int, ...]] = []


def mean_parameter(trained: Trained) -> dict[str, np.ndarray]:
    """A question to one network a seed."""
    ASKED.append(trained.seeds)
    return {"mean_parameter": trained.parameters.mean(1).numpy(), "inputs": trained.data.train_inputs[:, 0].numpy()}


def widths(first: Trained, second: Trained) -> dict[str, np.ndarray]:
    """A question to two networks a seed."""
    assert first.seeds == second.seeds
    return {"widths": np.array([[first.parameters.shape[1], second.parameters.shape[1]] for _ in first.seeds])}


def asked(probe):
    return probe.train(SEEDS, [each.train(SEEDS) for each in probe.needs])


def test_an_answer_has_a_row_for_every_seed_each_asked_alone():
    ASKED.clear()
    answers, trained = asked(Probe(mean_parameter, NETS)), train(NETS, SEEDS)
    assert answers["mean_parameter"] == pytest.approx(trained["parameters"].mean(1))
    assert len(np.unique(answers["inputs"])) == 3
    assert [(seed,) for seed in SEEDS] == ASKED


def test_two_experiments_answer_together():
    assert asked(Probe(widths, NETS, OTHERS))["widths"].tolist() == [[10, 13]] * 3


def test_a_question_is_named_by_its_networks_and_by_every_module_of_ours_that_it_runs_through(monkeypatch):
    names = [name_of(described(each), 1) for each in (
        Probe(mean_parameter, NETS), Probe(mean_parameter, OTHERS), Probe(widths, NETS), Probe(widths, NETS, OTHERS)
    )]  # fmt: skip
    assert len(set(names)) == 4
    reached = reached_files(spec("models.probes"))
    assert {"models/probes.py", "models/sets.py", "models/training.py", "models/networks.py"} <= reached
    monkeypatch.setattr(probing, "module_digest", lambda name: "a mended probe")
    assert name_of(described(Probe(mean_parameter, NETS)), 1) not in names


def test_what_decides_rounding_is_part_of_the_name():
    code = "import json; from models.rounding import rounding; print(json.dumps(rounding('cpu')))"
    older = {"OPENBLAS_CORETYPE": "Sandybridge", "NUMBA_CPU_NAME": "generic", "ATEN_CPU_CAPABILITY": "default"}
    plain = {name: value for name, value in os.environ.items() if name not in older}
    now, then = (
        json.loads(
            subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, check=True).stdout
        )
        for env in (plain, plain | older)
    )
    assert {name for name in now if now[name] != then[name]} == {"blas", "compiled_for", "torch_kernels"}


def test_what_numba_was_told_of_the_processor_is_part_of_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "-fma", "NUMBA_ENABLE_AVX": "0"}
    for name in told:
        monkeypatch.delenv(name, raising=False)
    found = [compiled_for()]
    for name, value in told.items():
        monkeypatch.setenv(name, value)
        found.append(compiled_for())
    (tmp_path / ".numba_config.yaml").write_text("cpu_features: +avx\n", encoding="utf-8")
    assert len({*found, compiled_for()}) == 5


def test_what_a_question_depends_on_is_told_without_what_answers_it():
    code = (
        "import sys; from models.experiment import Experiment; from models.probing import Probe\n"
        "from models.stationary_points import stationary_points\n"
        "Probe(stationary_points, Experiment('cos', (3, 5), epochs=1)).describe()\n"
        "print({'numba', 'scipy.linalg', 'sklearn', 'models.compiled_solver'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert "models/compiled_vectors.py" in reached_files(spec("models.stationary_points"))


def test_its_defaults_are_nested_as_its_terms_are():
    both = Probe(widths, NETS, OTHERS)
    assert both.terms()["networks"] == [each.terms() for each in (NETS, OTHERS)]
    assert both.defaults() == {"networks": [each.defaults() for each in (NETS, OTHERS)]}


def test_its_code_is_that_of_the_question():
    assert Probe(widths, NETS, OTHERS).code().keys() == {"widths"}
    assert Probe(sensitivity, NETS).code().keys() >= {"sensitivity", "jacobian_norms", "outputs"}


def test_the_tier_changes_the_networks_that_are_asked():
    images = Probe(mean_parameter, Experiment("mnist", (3,), epochs=400), Experiment("mnist", (3,), epochs=400))
    placed = images.at(Scale("fast"))
    assert [each.experiment.data for each in placed.needs] == ["digits", "digits"]
    assert (placed.judged_on, placed.experiment.epochs) == ("digits", 100)
