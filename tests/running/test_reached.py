"""Code that a function reaches: digests change with what is computed, and with nothing else."""

import pytest

from ontrial.running.reached import reached

MODULE = '''
"""Prose."""
import numpy as np
import helper as h
from helper import scale
from claims.homework.measures.correlations import kendall_tau
from ontrial.training import Runs

LIMIT = 0.98
REPORTED = {"a": 1}
UNUSED = 3


def share(values: np.ndarray) -> float:
    """A share."""
    return (values >= LIMIT).mean()


class Box:
    size: int = 3

    def used(self):
        return self.size

    def other(self):
        return 4


def drawn(runs):
    return UNUSED


def test_it(claim, runs: Runs):
    reported, mine = REPORTED, share(runs.value)
    three, ten = scale(mine), h.doubled(mine)
    beside = kendall_tau(1, 2)
    claim.figure = drawn(runs)
    claim.asides = (claim.median(beside, "beside"),)
    claim.own_numbers = (reported,)
    claim.holds_if(claim.median(three, "x") > 0, claim.median(ten + Box().used(), "y") > 0)
'''
HELPER = """
from deeper import factor


def scale(values):
    return values * factor


def doubled(values):
    return values + values


def unrelated(values):
    return values
"""
DEEPER = "factor = 2\n"


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """The digests of the module's test with these texts of it and of what it imports."""
    monkeypatch.syspath_prepend(tmp_path)

    def of(module=MODULE, helper=HELPER, deeper=DEEPER, name="test_it"):
        from ontrial.running import sources

        sources.spec.cache_clear()
        (tmp_path / "helper.py").write_text(helper, encoding="utf-8")
        (tmp_path / "deeper.py").write_text(deeper, encoding="utf-8")
        (tmp_path / "module.py").write_text(module, encoding="utf-8")
        return reached(name, tmp_path / "module.py", module)

    return of


def test_it_names_what_is_reached_and_nothing_else(digest):
    assert set(digest()) == {"test_it", "share", "LIMIT", "scale", "doubled", "factor", "Box", "Box.used"}


FREE = {
    "prose": (MODULE.replace("A share.", "Another text."), HELPER, DEEPER),
    "a comment": (MODULE.replace("LIMIT = 0.98", "LIMIT = 0.98  # why"), HELPER, DEEPER),
    "an annotation": (MODULE.replace("np.ndarray) -> float", "object) -> int"), HELPER, DEEPER),
    "a figure": (MODULE.replace("return UNUSED", "return 5"), HELPER, DEEPER),
    "an aside": (MODULE.replace("kendall_tau(1, 2)", "kendall_tau(2, 3)"), HELPER, DEEPER),
    "a reported number": (MODULE.replace('{"a": 1}', '{"a": 2}'), HELPER, DEEPER),
    "what nothing uses": (
        MODULE.replace("return 4", "return 5"),
        HELPER.replace("return values\n", "return 0\n"),
        DEEPER,
    ),
    "layout": (MODULE.replace("values >= LIMIT", "(values  >=\n LIMIT)"), HELPER, DEEPER),
    "a name of the test": (MODULE.replace("def test_it", "def test_so"), HELPER, DEEPER),
}
COUNTED = {
    "a constant": (MODULE.replace("0.98", "0.5"), HELPER, DEEPER, "LIMIT"),
    "a body": (MODULE.replace(">= LIMIT", "> LIMIT"), HELPER, DEEPER, "share"),
    "a method": (MODULE.replace("return self.size", "return self.size + 1"), HELPER, DEEPER, "Box.used"),
    "a field": (MODULE.replace("size: int = 3", "size: int = 4"), HELPER, DEEPER, "Box"),
    "a helper": (MODULE, HELPER.replace("values + values", "values + 1"), DEEPER, "doubled"),
    "what a helper imports": (MODULE, HELPER, "factor = 3\n", "factor"),
    "a mask": (MODULE.replace('three, "x"', 'three, "x", among=mine > 0'), HELPER, DEEPER, "test_it"),
    "a second definition": (
        MODULE.replace("\n\n\nclass Box", "\n\n\ndef share(values):\n    return 1\n\n\nclass Box"),
        HELPER,
        DEEPER,
        "share",
    ),
    "a name that a statement changes": (MODULE.replace("UNUSED", "LIMIT += 1\nUNUSED", 1), HELPER, DEEPER, "LIMIT"),
}


@pytest.mark.parametrize(("module", "helper", "deeper"), FREE.values(), ids=FREE.keys())
def test_what_decides_nothing_changes_no_digest(digest, module, helper, deeper):
    before = digest()
    name = "test_so" if "def test_so" in module else "test_it"
    assert sorted(digest(module, helper, deeper, name).values()) == sorted(before.values())


@pytest.mark.parametrize(("module", "helper", "deeper", "name"), COUNTED.values(), ids=COUNTED.keys())
def test_what_decides_changes_the_digest_of_its_name(digest, module, helper, deeper, name):
    before, after = digest(), digest(module, helper, deeper)
    assert {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)} == {name}


def test_a_second_definition_of_the_test_counts(digest):
    assert digest(MODULE + "\n\ndef test_it(claim):\n    pass\n") != digest()


def test_a_function_within_another_counts_with_its_whole_module(digest):
    assert "UNUSED" in digest(name="made_at_run_time")


def test_our_statistics_are_followed_and_the_rest_of_ours_is_not(digest):
    module = MODULE.replace("share(runs.value)", "share(kendall_tau(runs.value, Runs))")
    assert {"kendall_tau", "tau_b"} <= set(digest(module))
    assert "Runs" not in digest(module)


def test_a_digest_is_the_same_in_every_version_of_python(digest):
    body = "claim.holds_if(claim.median([f'{x:.2f}' for x in claim if x], 'x', among=None) > -0.5)"
    assert digest(f"def test_it(claim):\n    {body}\n") == {"test_it": "1210f8edf90c3217"}


def test_what_is_not_installed_is_not_followed(digest):
    assert set(digest("import not_there\n\ndef test_it(claim):\n    not_there.f(claim)\n")) == {"test_it"}
