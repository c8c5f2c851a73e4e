"""`ontrial` by itself: installed where no torch is, it puts somebody else's claim on trial."""

import json
import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.test_house import ROOT
from tests.test_packaging import checkout
from tests.test_readme_example import example

HEAVY = ("torch", "functorch", "numba", "llvmlite", "sklearn", "scikit_learn", "jax", "distributed", "dask")
ABSENT = ("ontrial", "pytest_ontrial", "__editable__", *HEAVY)
CLAIM = '''"""Does a polynomial of a higher degree overfit more?"""
import numpy as np
import pytest
from ontrial import drawing_of, panels, seeds_and_median, training

@training(data="noisy cosine")
def polynomial(degree: int, *, seed: int):
    random = np.random.default_rng(seed)
    x, noise = random.uniform(-1, 1, (2, 30)), random.normal(0, 0.3, (2, 30))  # (training or test, sample)
    y = np.cos(3 * x) + noise
    fitted = np.polynomial.Polynomial.fit(x[0], y[0], degree)
    train_error, test_error = ((fitted(x) - y) ** 2).mean(1)
    return {"train_error": train_error, "test_error": test_error}

EXPERIMENTS = {degree: polynomial(degree=degree) for degree in (2, 12)}

def gaps_by_degree(runs, gap):
    def draw(caption):
        figure, [axes] = panels(1, ["test less training error"], caption, "A higher degree overfits more")
        seeds_and_median(axes, list(EXPERIMENTS), gap.T, 0, "polynomials")
        return figure
    return drawing_of("polynomials", runs, draw, gap)

@pytest.mark.claim("P1", "a higher degree overfits more on a cosine", source="common knowledge")
def test_higher_degree_overfits_more(claim, runs):
    gap = runs.test_error - runs.train_error  # (degree, seed)
    claim.figure = gaps_by_degree(runs, gap)
    claim.holds_if(claim.median(gap[1] - gap[0], "gap of the higher degree, less that of the other") > 0)
'''


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The Python of a fresh environment with the packages of this one, but not ontrial, and none of the heavy ones."""
    folder = tmp_path_factory.mktemp("bare")
    packages = folder / "packages"
    packages.mkdir()
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(place).iterdir():
            if not path.name.lower().startswith(ABSENT) and not (packages / path.name).exists():
                (packages / path.name).symlink_to(path)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    [own] = (folder / "venv").rglob("site-packages")
    (own / "packages.pth").write_text(f"{packages}\n", encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def installed(bare, tmp_path_factory):
    """The same, once `pip install` of a clone of this repository has put ontrial there."""
    clone = checkout(tmp_path_factory.mktemp("clone"))
    command = [bare, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", clone]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return bare


def environment(**more):
    """This process's environment, as one has it who never heard of this project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "DATA_ROOT"))}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | more


def trial(python, folder, *options, claim=CLAIM, **more):
    """Put the claim on trial in a folder that has nothing else."""
    folder.mkdir(exist_ok=True)
    (folder / "test_polynomials.py").write_text(claim, encoding="utf-8")
    command = [python, "-m", "pytest", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment(**more))


def verdict(folder):
    whole = json.loads((folder / "artifacts" / "fast" / "verdicts.json").read_text(encoding="utf-8"))
    [found] = whole["verdicts"]
    return found


# Before anything is installed, hence first.
def test_from_the_checkout(bare, tmp_path):
    done = trial(bare, tmp_path / "polynomials", "-p", "pytest_ontrial", PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(tmp_path / "polynomials")["found"] == "holds"


def test_installed_where_no_torch_is(installed, tmp_path):
    folder = tmp_path / "polynomials"
    done = trial(installed, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("claim") and line.endswith("n") for line in lines)
    [row] = [line for line in lines if line.startswith("P1 ")]
    assert "holds" in row
    assert row.endswith("8")
    found = verdict(folder)
    assert (found["report"], found["dataset"], found["evidence"][0]["n"]) == ("polynomials", "noisy cosine", 8)
    artifacts = folder / "artifacts" / "fast"
    [figure] = found["figures"]
    assert (artifacts / figure).stat().st_size > 1000
    assert "a higher degree overfits more on a cosine" in (artifacts / "index.html").read_text(encoding="utf-8")
    assert list((artifacts / "badges").rglob("*P1*"))
    assert len(list((folder / "runs").glob("*/*.npz"))) == 2 * 8
    for module in ("torch", "sklearn", "models", "claims"):
        there = subprocess.run([installed, "-c", f"import {module}"], cwd=folder, env=environment(), check=False)
        assert there.returncode != 0, f"{module} came along"


PLAIN = """
import sys
import pytest

def pytest_unconfigure():  # in every process
    print("loaded", {"numpy", "scipy", "matplotlib", "ontrial", "ontrial.session"} & set(sys.modules))

def test_plain(request):
    assert request.config.pluginmanager.has_plugin("ontrial")
    pytest_unconfigure()
"""


@pytest.mark.parametrize("options", [(), ("-n1",)])
def test_a_session_without_claims_imports_next_to_nothing(installed, tmp_path, options):
    pytest.importorskip("xdist")
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "conftest.py").write_text(PLAIN.partition("def test_plain")[0], encoding="utf-8")
    done = trial(installed, folder, "-rP", *options, claim=PLAIN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("loaded")] == ["loaded set()"] * 2


def test_the_plugin_can_be_left_out(installed, tmp_path):
    marked = "import pytest\n\n@pytest.mark.claim('X1', 'a claim', source='here')\ndef test_marked(TAKES):\n    pass\n"
    for takes, outcome in (("", "1 passed"), ("claim", "1 error")):
        done = trial(installed, tmp_path / "without", "-p", "no:ontrial", claim=marked.replace("TAKES", takes))
        assert outcome in done.stdout.splitlines()[-1]
    assert "fixture 'claim' not found" in done.stdout


def test_the_example_of_the_readme_needs_nothing_else(installed, tmp_path):
    done = trial(installed, tmp_path / "anywhere", claim=example())
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines() if " holds " in line] == ["X1", "X2"]


@pytest.mark.parametrize("options", [(), ("-p", "ontrial"), ("-p", "pytest_ontrial")])
def test_installed_and_from_the_checkout_at_once(installed, tmp_path, options):
    folder = tmp_path / "polynomials"
    folder.mkdir()
    (folder / "conftest.py").write_text('pytest_plugins = ("pytest_ontrial",)\n', encoding="utf-8")
    done = trial(installed, folder, *options, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(folder)["found"] == "holds"


def test_nothing_heavy_is_required(installed):
    [metadata] = installed.parents[1].rglob("pytest_ontrial-*.dist-info/METADATA")
    lines = metadata.read_text(encoding="utf-8").splitlines()
    required = [line.split()[1] for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert any(each.startswith("numpy") for each in required)
    assert not [each for each in required if each.startswith(("torch", "numba", "scikit-learn", "jax"))]
