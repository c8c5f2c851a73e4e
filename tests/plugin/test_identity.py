"""A training's value depends on its settings and its seed, and on nothing that was trained before it."""

import json
import math
import os

import numpy as np
import pytest

from ontrial import training
from ontrial.running.jobs import Setting
from ontrial.running.plan import Plan
from ontrial.running.store import RunStore
from tests.conftest import ROOT, said
from tests.running.planted import Doubled, noise, on_trial

FORMS = (1, 1.0, True, np.float64(2), 2, "1", (1,), (1.0,), ((True, 1),), ((1, 1),), 0.0, -0.0, 0, False, None)


def test_settings_that_are_written_otherwise_are_other_trainings():
    trainings = [noise(form) for form in FORMS]
    assert len(set(trainings)) == len(FORMS)
    assert len({str(each.terms()) for each in trainings}) == len(FORMS)
    assert all(noise(form) == noise(form) and hash(noise(form)) == hash(noise(form)) for form in FORMS)


def test_what_trains_is_given_what_was_written():
    for form in FORMS:
        [value] = noise(form)._values().values()
        assert (repr(value), type(value)) == (repr(form if not isinstance(form, np.generic) else 2.0), type(value))
    assert noise(np.int64(3)) == noise(3) != noise(3.0) == noise(np.float32(3))
    assert noise((np.bool_(True), (np.int8(1),))) == noise((True, (1,)))
    assert type(noise(np.float32(3))._values()["shift"]) is float


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, (1, math.nan), np.float32("inf"), 1j, b"a", {1: 2}])
def test_a_setting_that_json_has_no_text_of_is_refused_at_the_call(value):
    with pytest.raises(TypeError, match=r"setting shift of noise must be a number, .* and finite, not"):
        noise(value)


def test_trainings_that_compare_equal_but_differ_are_trained_each(tmp_path):
    plan = Plan(Setting(RunStore(tmp_path)), 1)
    plan.add(on_trial({"same": Doubled(noise()), "again": Doubled(noise())}, 1))
    plan.add(on_trial({str(value): Setting_(value) for value in (1, 1.0, True)}, 1))
    assert len({key for job in plan.first_jobs() for key in job.keys}) == 1 + 3


class Setting_(Doubled):  # noqa: N801
    """A training that is equal for 1, 1.0 and True, as any frozen dataclass is."""

    def __init__(self, value):
        super().__init__(noise())
        object.__setattr__(self, "value", value)

    def __eq__(self, other):
        return self.value == other.value

    def __hash__(self):
        return hash(self.value)

    def terms(self):
        return {"value": self.value}


def test_one_and_all_are_compared_as_what_they_are(run_claims, verdicts):
    run_claims("""
@training
def kind(features, *, seed):
    return {"value": {int: 1.0, float: 2.0, bool: 3.0}[type(features)]}

@claim_of(trains={"one": kind(1), "whole": kind(1.0), "all": kind(True)})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["all"].value - runs["one"].value, "difference").within(1.9, 2.1),
                   claim.median(runs["whole"].value, "value").within(1.9, 2.1))
""")
    assert verdicts()["X1"]["found"] == "holds"


RESERVED = ("seeds", "n", "seconds", "arrays", "training", "keys", "items", "values", "get", "by_name", "_own", "")


@pytest.mark.parametrize("name", RESERVED)
def test_a_name_that_a_run_has_itself_is_refused(run_claims, name):
    result = run_claims(f"""
@training
def planted(*, seed):
    return {{"value": 1.0, {name!r}: 1.0}}

@claim_of(trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "ERROR"}
    result.stdout.fnmatch_lines([f"*an array may not be named {name}: a run*rename it*"])


GLOBAL = """
import random

@training
def planted(*, seed):
    return {"value": np.random.normal() + random.random()}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > -99)
"""


def test_the_global_generators_are_seeded_for_every_seed(run_claims, verdicts):
    found = []
    for options in ((), ("--fresh", "--workers=3")):
        run_claims(GLOBAL, "--seeds=8", *options, processes=True).assert_outcomes(passed=1, deselected=1)
        found.append(verdicts()["X1"]["evidence"])
    assert found[0] == found[1]
    assert len(set(json.dumps(found[0]).split())) > 8


STATEFUL = {
    "a counter in the module": ("COUNT = [0]", "COUNT.append(0); value = len(COUNT) + 0.0"),
    "a generator of the module": ("RNG = np.random.default_rng(1)", "value = RNG.normal()"),
    "a generator that nothing seeds": ("", "value = np.random.default_rng().normal()"),
    "a number drawn when it is loaded": ("SALT = np.random.default_rng().normal()", "value = SALT + seed"),
    "a cache in an imported module": ("import json", "json.x = getattr(json, 'x', 0) + 1.0; value = json.x"),
    "a time": ("import time", "value = time.perf_counter()"),
}


@pytest.mark.parametrize("seeds", [8, 16])
@pytest.mark.parametrize("how", STATEFUL)
def test_what_depends_on_what_was_trained_before_it_is_an_error_again_and_again(run_claims, how, seeds, stored):
    head, body = STATEFUL[how]
    text = f"""
{head}

@training
def planted(*, seed):
    {body}
    return {{"value": value}}

@claim_of("X1", trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > -99)

@claim_of("X2", trains={{"a": noise(9.0)}})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""
    for _ in range(2):  # nothing of it is used by the next session
        result = run_claims(text, "-v", f"--seeds={seeds}", "--workers=2")
        assert said(result) == {"planted": "ERROR", "well": "PASSED"}
        result.stdout.fnmatch_lines(["*was trained twice, and value differ*depends on what was trained before it*"])
        assert {each["training"] for each in stored()} == {"noise"}
    result = run_claims(text, "-v", f"--seeds={seeds}", "--no-repeat")
    assert said(result) == {"planted": "PASSED", "well": "PASSED"}


def test_values_of_a_seed_that_depend_on_those_beside_it_are_an_error(run_claims):
    result = run_claims("""
@training
def planted(*, seeds):
    return {"value": np.random.normal(size=len(seeds))}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > -99)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "ERROR"}


def test_nan_is_equal_to_nan(run_claims):
    result = run_claims("""
@training
def planted(*, seed):
    return {"value": 1.0, "curve": np.array([np.nan, -np.nan, 1.0]), "text": np.array(["a"]), "wide": 1j * np.nan}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "PASSED"}


@pytest.mark.parametrize(
    "value", ["np.ma.masked_less(np.arange(3.0), 1)", "np.ma.masked", "[np.ma.masked_less(np.ones(2), 1)]"]
)
def test_a_masked_array_is_refused(run_claims, value):
    result = run_claims(f"""
@training
def planted(*, seed):
    return {{"value": {value}}}

@claim_of(trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "ERROR"}
    result.stdout.fnmatch_lines(["*returned a masked array, value*"])


def test_a_module_is_compiled_without_what_this_package_imports_from_the_future(run_claims):
    result = run_claims("""
@training
def planted(*, seed):
    def inner(x: 1 + 1): ...
    return {"value": float(inner.__annotations__["x"])}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 1)
""", "-v")  # fmt: skip
    assert said(result) == {"planted": "PASSED"}


DATA = """
@training(data_files=["points.txt", "{other}"])
def planted(*, seed):
    from pathlib import Path
    return {{"value": float(Path(__file__).with_name("points.txt").read_text())}}

@claim_of(trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


def test_a_training_is_trained_again_where_its_data_file_changed(run_claims, pytester, verdicts, stored):
    other = pytester.path / "elsewhere" / "other.txt"
    other.parent.mkdir()
    other.write_text("0")
    text = DATA.format(other=other)
    points = pytester.path / "planted" / "points.txt"
    result = run_claims(text)
    result.stdout.fnmatch_lines(["*planted reads the data file points.txt, and */planted/points.txt is not there: *"])
    points.write_text("1")
    for content, found in (("1", "holds"), ("-10", "refuted"), ("1", "holds")):
        points.write_text(content)
        run_claims(text)
        assert verdicts()["X1"]["found"] == found
    assert len(stored()) == 16  # the first content was trained once
    other.write_text("00")
    run_claims(text)
    assert len(stored()) == 24
    moved = other.rename(pytester.path / "other.txt")
    run_claims(DATA.format(other=moved))  # the key has the content, and no path
    assert len(stored()) == 24
    assert not any(str(pytester.path) in json.dumps(each) for each in stored())


def test_data_files_are_a_list_of_files(run_claims, pytester):
    with pytest.raises(TypeError, match=r"data_files must be a list of files, such as \['points.txt'\]"):
        training(noise.function, data_files="points.txt")
    result = run_claims(DATA.format(other="."))
    result.stdout.fnmatch_lines(["*is not there*"])
    (pytester.path / "planted" / "points.txt").write_text("1")
    result = run_claims(DATA.format(other="."))
    result.stdout.fnmatch_lines(["*is a folder: name the files in it*"])


def test_torch_is_seeded_where_a_function_imports_it_late(run_claims, verdicts):
    found = []
    for options in ((), ("--fresh", "--seeds=8")):
        run_claims("""
@training
def planted(*, seed):
    import torch
    return {"value": torch.randn(()).item()}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > -99)
""", *options, processes=True)  # fmt: skip
        found.append(verdicts()["X1"]["evidence"][0]["values"])
    assert found[0] == found[1]
    assert len(set(found[0])) == 8


LIBRARY = """
import lib_of_claims.inner

@training
def planted(*, seed):
    return {"value": lib_of_claims.inner.value(seed)}

@claim_of(trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


@pytest.mark.parametrize("how", ["pythonpath", "PYTHONPATH"])
def test_a_changed_library_is_trained_again(run_claims, pytester, verdicts, monkeypatch, how):
    folder = pytester.mkdir("src") / "lib_of_claims"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    if how == "pythonpath":
        ini = pytester.path / "pytest.ini"
        ini.write_text(ini.read_text().replace("testpaths", "pythonpath = src\ntestpaths"))
    else:
        monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{pytester.path / 'src'}")
    for value, found in (("1.0", "holds"), ("-1.0", "refuted"), ("1.0", "holds")):
        (folder / "inner.py").write_text(f"def value(seed):\n    return {value}\n")
        run_claims(LIBRARY, "-p", "no:cacheprovider", subprocess=True, processes=True)
        assert verdicts()["X1"]["found"] == found


def test_an_error_of_the_tests_module_is_told(run_claims):
    result = run_claims("""
class Broken(Exception):
    def __init__(self, what, why):
        super().__init__(what + why)

@training
def planted(*, seed):
    raise Broken("no ", "number")

@claim_of("X1", trains={"a": planted()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

@claim_of("X2", trains={"a": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v", "--seeds=8", subprocess=True, processes=True)  # fmt: skip
    assert said(result) == {"planted": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines(["*TrainingError: planted() (* failed: Broken: no number*"])
    result.stdout.no_fnmatch_line("*want of memory*")
