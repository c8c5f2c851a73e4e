"""A training's value depends on its settings and its seed, and on nothing that was trained before it."""

import json
import math
import os

import numpy as np
import pytest

from ontrial import training
from tests.conftest import ROOT, said
from tests.running.planted import noise

FORMS = (1, 1.0, True, np.float64(2), 2, "1", (1,), (1.0,), ((True, 1),), ((1, 1),), 0.0, -0.0, 0, False, None)


def test_settings_of_another_type_or_sign_are_other_trainings():
    trainings = [noise(form) for form in FORMS]
    assert len(set(trainings)) == len({str(each.terms()) for each in trainings}) == len(FORMS)
    assert all(noise(form) == noise(form) and hash(noise(form)) == hash(noise(form)) for form in FORMS)
    assert noise(np.int64(3)) == noise(3) != noise(3.0) == noise(np.float32(3))
    assert noise((np.bool_(True), (np.int8(1),))) == noise((True, (1,)))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, (1, math.nan), np.float32("inf"), 1j, b"a", {1: 2}])
def test_a_setting_that_json_has_no_text_of_is_refused_at_the_call(value):
    with pytest.raises(TypeError, match=r"setting shift of noise must be a number, .* and finite, not"):
        noise(value)


KINDS = """
from dataclasses import dataclass
from ontrial.trainings import Training

KINDS = {int: 1.0, float: 2.0, bool: 3.0, tuple: 4.0}

@training
def function(kind, *, seed):
    return {"value": KINDS[type(kind)]}

@dataclass(frozen=True)
class Own(Training):
    kind: object
    looks, judged_on = looks, "own"

    def at(self, scale):
        return self

    def terms(self):
        return {"kind": self.kind}

    describe = settings = terms

    def estimate(self, seeds):
        return 1.0

    def train(self, seeds, needed=()):
        return {"value": np.full(len(seeds), KINDS[type(self.kind)])}

@claim_of(trains={each: MAKER(each) for each in ("1", "1.0", "True")})
def test_planted(claim, runs):
    claim.holds_if(*(claim.median(runs[each].value, each).within(KINDS[type(eval(each))], KINDS[type(eval(each))])
                     for each in ("1", "1.0", "True")))
"""


@pytest.mark.parametrize("maker", ["function", "Own"])
def test_trainings_that_compare_equal_but_differ_are_trained_each(run_claims, verdicts, maker):
    run_claims(KINDS.replace("MAKER(each)", f"{maker}(eval(each))"))
    assert verdicts()["X1"]["found"] == "holds"


def planted(body, head="", arguments="*, seed", decorator="@training"):
    """A claim on a training with this body."""
    return f"""
{head}

{decorator}
def planted({arguments}):
    {body}

@claim_of("X1", trains={{"a": planted()}})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > -99)

@claim_of("X2", trains={{"a": noise(9.0)}})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


RESERVED = ("seeds", "n", "seconds", "arrays", "training", "keys", "items", "values", "get", "by_name", "_own", "")
MASKED = ("np.ma.masked_less(np.arange(3.0), 1)", "np.ma.masked", "[np.ma.masked_less(np.ones(2), 1)]")
REFUSED = {
    **{f"1.0, {name!r}: 1.0": f"an array may not be named {name}: a run*rename it" for name in RESERVED},
    **dict.fromkeys(MASKED, "returned a masked array, value"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.items(), ids=REFUSED.keys())
def test_arrays_that_a_run_cannot_have_are_refused(run_claims, value, message):
    result = run_claims(planted(f"return {{'value': {value}}}"), "-v")
    assert said(result) == {"planted": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines([f"*{message}*"])


def test_nan_is_equal_to_nan_and_a_module_is_compiled_without_our_future_imports(run_claims):
    body = (
        "def inner(x: 1 + 1): ...\n"
        "    return {'value': float(inner.__annotations__['x']), 'curve': np.array([np.nan, -np.nan, 1.0]),\n"
        "            'text': np.array(['a']), 'wide': 1j * np.nan}"
    )
    assert said(run_claims(planted(body), "-v")) == {"planted": "PASSED", "well": "PASSED"}


DRAWS = {
    "numpy and random": "import random; return {'value': np.random.normal() + random.random()}",
    "torch, imported late": "import torch; return {'value': torch.randn(()).item()}",
}


@pytest.mark.parametrize("body", DRAWS.values(), ids=DRAWS.keys())
def test_the_global_generators_are_seeded_for_every_seed(run_claims, verdicts, body):
    found = []
    for options in ((), ("--fresh", "--workers=3")):
        run_claims(planted(body), "--seeds=8", *options, processes=True).assert_outcomes(passed=2, deselected=2)
        found.append(verdicts()["X1"]["evidence"][0]["values"])
    assert found[0] == found[1]
    assert len(set(found[0])) == 8


STATEFUL = {
    "a counter in the module": (8, "COUNT = [0]", "COUNT.append(0); value = len(COUNT) + 0.0"),
    "a generator of the module": (16, "RNG = np.random.default_rng(1)", "value = RNG.normal()"),
    "a generator that nothing seeds": (8, "", "value = np.random.default_rng().normal()"),
    "a number drawn when it is loaded": (16, "SALT = np.random.default_rng().normal()", "value = SALT + seed"),
    "a cache in an imported module": (16, "import json", "json.x = getattr(json, 'x', 0) + 1.0; value = json.x"),
    "a time": (8, "import time", "value = time.perf_counter()"),
    "other seeds": (8, "", "value = np.random.normal(size=len(seeds))"),
}


@pytest.mark.parametrize(("count", "head", "body"), STATEFUL.values(), ids=STATEFUL.keys())
def test_what_depends_on_what_was_trained_before_it_is_an_error_again_and_again(run_claims, stored, count, head, body):
    text = planted(f"{body}; return {{'value': value}}", head, "*, seeds" if "seeds" in body else "*, seed")
    for _ in range(2):  # nothing of it is used by the next session
        result = run_claims(text, "-v", f"--seeds={count}", "--workers=2")
        assert said(result) == {"planted": "ERROR", "well": "PASSED"}
        result.stdout.fnmatch_lines(["*was trained twice, and value differ*depends on what was trained before it*"])
        assert {each["training"] for each in stored()} == {"noise"}
    result = run_claims(text, "-v", f"--seeds={count}", "--no-repeat")
    assert said(result) == {"planted": "PASSED", "well": "PASSED"}


DATA = planted(
    "from pathlib import Path; return {'value': float(Path(__file__).with_name('points.txt').read_text())}",
    decorator="@training(data_files=['points.txt', 'OTHER'])",
)


def test_a_training_is_trained_again_where_its_data_file_changed(run_claims, pytester, verdicts, stored):
    other = pytester.path / "elsewhere" / "other.txt"
    other.parent.mkdir()
    other.write_text("0")

    def trained(text):
        run_claims(text, "--claim=X1")
        return len(stored())

    text = DATA.replace("OTHER", str(other))
    points = pytester.path / "planted" / "points.txt"
    result = run_claims(text, "--claim=X1")
    result.stdout.fnmatch_lines(["*planted reads the data file points.txt, and */planted/points.txt is not there: *"])
    for content, found, count in (("1", "holds", 8), ("-100", "refuted", 16), ("1", "holds", 16)):
        points.write_text(content)
        assert trained(text) == count
        assert verdicts()["X1"]["found"] == found
    other.write_text("00")
    assert trained(text) == 24
    moved = other.rename(pytester.path / "other.txt")
    assert trained(DATA.replace("OTHER", str(moved))) == 24  # the key has the content, and no path
    assert not any(str(pytester.path) in json.dumps(each) for each in stored())
    result = run_claims(DATA.replace("OTHER", "."), "--claim=X1")
    result.stdout.fnmatch_lines(["*is a folder: name the files in it*"])


def test_data_files_are_a_list_of_files():
    with pytest.raises(TypeError, match=r"data_files must be a list, such as \['points.txt'\]"):
        training(noise.function, data_files="points.txt")


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
    for value, found in (("1.0", "holds"), ("-100.0", "refuted")):
        (folder / "inner.py").write_text(f"def value(seed):\n    return {value}\n")
        text = planted("return {'value': lib_of_claims.inner.value(seed)}", "import lib_of_claims.inner")
        run_claims(text, subprocess=True, processes=True)
        assert verdicts()["X1"]["found"] == found


def test_an_error_of_the_tests_module_is_shown(run_claims):
    head = "class Broken(Exception):\n    def __init__(self, what, why):\n        super().__init__(what + why)\n"
    text = planted("raise Broken('no ', 'number')", head)
    result = run_claims(text, "-v", "--seeds=8", subprocess=True, processes=True)
    assert said(result) == {"planted": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines(["*TrainingError: planted() (* failed: Broken: no number*"])
    result.stdout.no_fnmatch_line("*want of memory*")
