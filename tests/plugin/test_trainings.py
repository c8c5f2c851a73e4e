"""`@training`: a plain function becomes a training, and travels as its module's source."""

import importlib.util
import pickle
import sys

import numpy as np
import pytest

from ontrial import training
from ontrial.source import modules
from ontrial.trainings import Scale, Training
from tests.conftest import said
from tests.running.planted import noise

MODULE = '''"""Claims beside a training."""
import helper_of_trainings
import numpy as np
from ontrial import training

SIZE = 3
UNUSED = 4
TABLE = {"more": 0}
TABLE["more"] = 1
try:
    import json as tool
except ImportError:
    tool = None
if SIZE > 2:
    def plus(x):
        return x + 0

def half(x):
    return helper_of_trainings.third(x) * 1.5

@training(fast=dict(trees=2))
def forest(depth: int, trees: int = 100, *, seed: int):
    """Prose."""
    tool.dumps(depth)
    return {"value": plus(half(np.arange(SIZE) + seed + depth * trees)) * TABLE["more"]}

def test_beside():
    assert True
'''
HELPER = "def third(x):\n    return x / 3\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Imports a module's text, beside a helper's, as if for the first time."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(text=MODULE, helper=HELPER):
        for name, content in (("helper_of_trainings", helper), ("test_of_trainings", text)):
            (tmp_path / f"{name}.py").write_text(content)
            sys.modules.pop(name, None)
        modules.cache_clear()
        spec = importlib.util.spec_from_file_location("test_of_trainings", tmp_path / "test_of_trainings.py")
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        return found

    yield load
    sys.modules.pop("helper_of_trainings", None)


def test_it_is_a_training_with_settings(module):
    forest = module().forest
    deep = forest(8)
    assert isinstance(deep, Training)
    assert deep == forest(depth=8, trees=100) != forest(2)
    assert str(deep) == str(deep.at(Scale("full"))) == "forest(depth=8, trees=100)"
    assert str(deep.at(Scale("fast"))) == "forest(depth=8, trees=2)"
    assert deep.terms() == {"training": "forest", "settings": {"depth": 8, "trees": 100}}
    assert deep.defaults() == {}
    assert deep.code().keys() >= {"forest", "half", "third"}
    assert deep.code() == forest(2).code()
    assert deep.settings()["trees"] == 100
    assert forest.function(1, 1, seed=0)["value"].shape == (3,)


def test_it_trains_a_seed_a_call_or_all_at_once(module):
    arrays = module().forest(1, 1).train((0, 5))
    np.testing.assert_allclose(arrays["value"], [[0.5, 1.0, 1.5], [3.0, 3.5, 4.0]])
    text = MODULE.replace("seed: int", "seeds: tuple").replace("np.arange(SIZE) + seed", "np.array([seeds]).T * 2")
    arrays = module(text).forest(1, 1).train((0, 5))
    np.testing.assert_allclose(arrays["value"], [[0.5], [5.5]])


def test_it_is_sent_as_the_source_of_its_module_and_trains_the_same(module, tmp_path):
    forest = module(MODULE + "\nEXPERIMENTS = {2: forest(2), 1: forest(1, 1)}\n").EXPERIMENTS[1]
    here, sent = forest.train((3,)), pickle.dumps(forest)
    (tmp_path / "test_of_trainings.py").unlink()  # another machine has no such file
    np.testing.assert_array_equal(pickle.loads(sent).train((3,))["value"], here["value"])


def test_relative_imports_work_where_the_module_is_part_of_a_package(tmp_path, monkeypatch):
    package = tmp_path / "package_of_trainings"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "beside.py").write_text("ONE = 1\n")
    (package / "test_it.py").write_text(
        "from ontrial import training\nfrom .beside import ONE\n\n"
        "@training\ndef one(*, seed):\n    return {'one': ONE}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = importlib.import_module("package_of_trainings.test_it").one()
    assert found.train((0, 1))["one"].tolist() == [1, 1]
    before = found.describe()["source"]
    (package / "beside.py").write_text("ONE = 2\n")
    assert found.describe()["source"] != before


SAME = [
    ("Prose.", "Other words."),
    ("UNUSED = 4", "UNUSED = 5"),
    ("assert True", "assert 1 == 1"),
    ("SIZE", "\n\nSIZE"),
]
OTHER = [
    ("+ seed", "- seed"),
    ("SIZE = 3", "SIZE = 4"),
    ("1.5", "2.5"),
    ('"] = 1', '"] = 2'),
    ("json as tool", "pickle as tool"),
    ("return x + 0", "return x + 1"),
]


def test_its_key_is_of_itself_and_what_it_reaches(module):
    before = module().forest(2).describe()
    assert before["versions"]["numpy"] == np.__version__
    for old, new in SAME:
        assert module(MODULE.replace(old, new, 1), HELPER + "# why\n").forest(2).describe() == before, new
    for old, new in OTHER:
        assert module(MODULE.replace(old, new)).forest(2).describe() != before, new
    for helper in (HELPER.replace("/ 3", "/ 4"), "import sklearn\n" + HELPER):
        changed = module(MODULE, helper).forest(2).describe()
        assert changed != before
    assert "scikit-learn" in changed["versions"]
    assert module().forest(3).describe() != before
    assert module().forest(2).describe() == before


def within():
    def inner(*, seed):
        return {"value": seed}

    return inner


@pytest.mark.parametrize("function", [lambda seed: {"value": seed}, within()], ids=["lambda", "within another"])
def test_what_no_other_process_can_find_is_refused_where_it_is_declared(function):
    with pytest.raises(TypeError, match="must be a function of the module, no lambda and none within another"):
        training(function)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shift": [1]}, "setting shift of noise must be a number, text"),
        ({"shift": object()}, "setting shift of noise must be a number, text"),
        ({"shift": np.float64}, "setting shift of noise must be a number, text"),
        ({"shfit": 1}, "shfit"),
        ({"seed": 1}, "seed, which only the suite gives"),
    ],
)
def test_settings_that_cannot_be_are_refused_where_they_are_given(settings, message):
    with pytest.raises(TypeError, match=message):
        noise(**settings)


def test_a_fast_setting_must_be_one():
    with pytest.raises(TypeError, match="noise has no setting shfit that fast= could change"):
        training(fast={"shfit": 1})(noise.function)()


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("1.0", "must return a mapping of names to arrays, not float"),
        ("{}", "must return a mapping"),
        ("None", "must return a mapping"),
        ("{'value': object()}", "no array of numbers"),
        ("{'value': [1, [2, 3]]}", "inhomogeneous"),
    ],
)
def test_what_is_no_mapping_of_arrays_is_refused(run_claims, returned, message):
    result = run_claims(f"""
@training
def planted(*, seed):
    return {returned}

@claim_of(trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "ERROR"}
    result.stdout.fnmatch_lines([f"*planted() (*{message}*"])


def test_a_verdict_names_the_data_that_a_training_names(run_claims, verdicts):
    run_claims("""
@training(data="digits", looks=looks, fast={"shift": 9.0})
def planted(shift=-9.0, *, seeds):
    return {"value": np.full(len(seeds), shift)}

@claim_of(trains={"other": noise(), "a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""")
    assert (verdicts()["X1"]["dataset"], verdicts()["X1"]["found"]) == ("digits and own", "holds")
    assert verdicts()["X1"]["settings"][1]["shift"] == 9.0


def test_seeds_that_one_call_takes_are_trained_together(run_claims, verdicts):
    """A step of many costs little more than of one."""
    run_claims("""
@training(data="digits")
def planted(*, seeds):
    return {"value": np.full(len(seeds), float(len(seeds)))}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "--ontrial-no-repeat")  # fmt: skip
    [condition] = verdicts()["X1"]["evidence"]
    assert condition["values"] == [8.0] * 8


def test_a_suite_says_what_is_trained_for_what_its_claims_declare(run_claims, pytester):
    pytester.makeconftest("""
from tests.running.planted import noise

def pytest_ontrial_training(declared):
    return noise(declared) if isinstance(declared, float) else None
""")
    result = run_claims("""
EXPERIMENTS = {"declared": 9.0}

@claim_of("X1")
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["declared"].value, "value") > 0)

@claim_of("X2", trains={"a": 9})
def test_no_training(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "PASSED", "no_training": "ERROR"}
    result.stdout.fnmatch_lines(["*planted/X2: EXPERIMENTS names what is no training: a*"])
