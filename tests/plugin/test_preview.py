"""`--ontrial-plan`: what would be trained and why, and what the looks at each claim can decide, without training."""

import itertools
import re

import pytest

from ontrial.preview import why_new
from ontrial.registered import flat

SUITE = """
@claim_of("X1", trains={"a": noise(9.0)})
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

@claim_of("X2", trains={"a": noise(9.0), "b": noise(1.0)})
def test_two(claim, runs):
    claim.holds_if(claim.share(runs["a"].value > runs["b"].value, "share") > 0.9)

@claim_of("X3")
def test_three(claim):
    claim.holds_if(exactly(1, "n") > 0)

@claim_of("X4", trains={"a": noise(9.0)})
def test_four(claim, runs, tmp_path):
    claim.holds_if(exactly(1, "n") > 0)

@claim_of("X5", trains={"a": noise(9.0)})
def test_five(claim, runs):
    assert runs["a"].n == 8
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


@pytest.fixture
def plan(run_claims, pytester):
    """The plan as lines, their spaces one each; it must run no test, write no file of ours, and end well."""

    def run(text=None, *options, trains_nothing=True):
        before = {path for path in pytester.path.rglob("*") if path.suffix in (".npz", ".json", ".lock")}
        result = run_claims(text, "--ontrial-plan", *options)
        after = {path for path in pytester.path.rglob("*") if path.suffix in (".npz", ".json", ".lock")}
        assert (result.ret, after) == (0, before)
        assert not result.parseoutcomes().keys() & {"passed", "failed", "skipped", "xfailed"}
        return [re.sub(r" +", " ", line) for line in result.outlines]

    return run


def test_a_plan_says_what_is_trained_and_what_decides_before_and_after(plan, run_claims, pytester):
    first = plan(SUITE)
    assert (
        "to train next: 16 runs of 2 trainings by 1 worker, time unknown until the first seed is trained, 0.8 MiB"
        in first
    )
    assert "8 8 ? 0.38 never trained noise(shift=9.0)" in first
    assert "planted/X1, planted/X2, planted/X5: look 1 of 1; a median: 8 of 8 agree" in first
    assert "planted/X3: counted, nothing to train" in first
    assert "planted/test_planted.py::test_four[fast]: cannot be judged: takes tmp_path: a claim's" in "\n".join(first)
    assert not (pytester.path / "runs").exists()
    assert not (pytester.path / "artifacts").exists()
    full = plan(None, "-m", "full")
    assert (
        "to train next: 32 runs of 2 trainings by 1 worker, time unknown until the first seed is trained, 1.5 MiB"
        in full
    )
    assert "at most, to the last look of every claim: 64 runs of 2 trainings by 1 worker, time unknown" in "\n".join(
        full
    )
    looks = "look 1 of 3; a median: 16 of 16 agree, 22 of 24, 28 of 32"
    assert f"planted/X1, planted/X2, planted/X5: not registered yet; {looks}" in full
    suite = SUITE.replace(", tmp_path", "")
    run_claims(suite, "--register")
    assert "nothing to train: all that is needed next is in the store" in plan()
    assert "8 0 in the store noise(shift=9.0)" in plan()
    fresh = plan(None, "--fresh")
    assert any(line.startswith("8 8 ") and line.endswith(" --ontrial-fresh noise(shift=9.0)") for line in fresh)
    full = plan(None, "-m", "full")
    assert any(
        line.startswith("16 16 ") and line.endswith("other seeds of it are stored noise(shift=1.0)") for line in full
    )
    assert "planted/X2: look 1 of 3; a share of seeds against 0.9: 9 of 16 fail, 11 of 24, 13 of 32" in full
    assert f"planted/X1, planted/X5: {looks}" in full
    run_claims(None, "-m", "full")
    after = plan(None, "-m", "full")
    assert "planted/X1, planted/X2, planted/X4: judged by what is stored" in after
    assert "planted/X5: cannot be judged: AssertionError: assert 16 == 8" in "\n".join(after)
    changed = suite.replace("noise(1.0)", "noise(2.0)").replace("X4", "X6")
    second = plan(changed, "-m", "full")  # X6 would be locked by the second registration
    assert "planted/X6: not registered yet; look 1 of 3; a median: 17 of 17 agree, 23 of 24, 29 of 32" in second
    edited = plan(changed)
    assert any(
        line.startswith("8 8 ") and line.endswith("the nearest stored has shift=1.0 noise(shift=2.0)")
        for line in edited
    )
    stored = list(pytester.path.glob("runs/*/*.npz"))
    for path in stored:
        path.write_bytes(bytes(path.stat().st_size))
    found = run_claims(suite, "--ontrial-plan", "-m", "full").stdout.str()
    assert re.search(r"planted/X1, .*: cannot be judged: .*noise\(shift=9\.0\) \(seed \d+\) is\s+damaged", found)
    assert [path.with_name(f"{path.name}.damaged").exists() for path in stored if not path.exists()] == [True]


def description(**changed):
    whole = {
        "training": "forest",
        "settings": {"trees": 100, "depth": 8},
        "source": "a" * 64,
        "versions": {"numpy": "2.4", "scipy": "1"},
    }
    return whole | {"needs": []} | changed


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (description(), "other seeds of it are stored"),
        (description(settings={"trees": 10, "depth": 8}), "the nearest stored has trees=100"),
        (description(settings={"trees": 100}), "the nearest stored has depth=8"),
        (description(source="b" * 64), "the nearest stored has another source"),
        (description(versions={"numpy": "2.5", "scipy": "1"}), 'the nearest stored has numpy="2.4"'),
        (description(versions={"numpy": "2.5", "scipy": "2"}), "the nearest stored has other versions"),
        (description(data_files=[["x", "c" * 64]]), "the nearest stored has no data_files"),
        (description(training="tree"), "never trained"),
        (description(settings={"trees": 1, "depth": 1}, source="b", versions={}), "never trained"),
    ],
)
def test_why_a_training_is_new(now, why):
    assert why_new(flat(now), [flat(description(training="other")), flat(description())]) == why


def test_the_nearest_does_not_depend_on_the_order_of_the_store():
    settings = {"trees": 10, "depth": 8}, {"trees": 20, "depth": 8}, {"trees": 10, "depth": 1}
    for stored in itertools.permutations(flat(description(settings=each)) for each in settings):
        assert why_new(flat(description()), stored) == "the nearest stored has trees=10"
