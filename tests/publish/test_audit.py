"""The audit: clean on the committed record and on one that was just written; whatever is edited is named."""

import json
import math
import re
import shutil

import pytest
from scipy import special

from ontrial import audit
from ontrial.stats.ranks import fewest
from ontrial.stats.verdicts import median_interval, share_interval
from ontrial.trainings import Looks
from tests.conftest import ROOT, known_as

SUITE = """
from ontrial.publish.figures import drawing_of, panels, seeds_and_median

EXPERIMENTS = {"noise": noise(0.0)}

def late(runs, first):  # all but the first seeds agree
    return (np.arange(runs["noise"].n) >= first) * 1.0

def picture(runs):
    losses = runs["noise"].train_loss
    def draw(caption):
        figure, [axes] = panels(1, ["loss"], caption, "Loss")
        seeds_and_median(axes, np.arange(2), losses, 0, "noise")
        return figure
    return drawing_of("loss", runs, draw, losses)

@claim_of("X1")
def test_late(claim, runs):
    claim.figure = picture(runs)
    value = runs["noise"].value
    claim.asides = (claim.share(value > 0, "positive"),)
    claim.holds_if(
        claim.median(late(runs, 1), "late") > 0.5,
        claim.share(value < 9, "small") > 0.2,
        claim.median(np.where(value > 0, np.inf, 1.0), "steps", never=True, among=late(runs, 2) > 0) > 0,
    )

@claim_of("X2")
@pytest.mark.parametrize("sign", ["up", "down"])
def test_cases(claim, runs, sign):
    value = runs["noise"].value + (9 if sign == "up" else -9)
    steps = value[::2] - value[1::2]
    pairs = claim.median(steps, "pairs", of_pairs=True, among=steps != steps[0])  # as if the first tied
    agree = claim.correlation(value, np.round(value), "value and its rounding")  # some tie
    largest = claim.argmax({"one": value, "other": -value}, "one", "value")
    claim.holds_if(claim.median(value, "moved") > 0, pairs < 99, agree > -0.9, largest < 1.5)

@claim_of("X3")
def test_open(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value").within(-0.01, 0.01))

@claim_of("X4", kind="said")
def test_count(claim):
    claim.holds_if(exactly(3, "layers") >= 3, exactly(4, "networks") <= 4)
"""
REPORT = """
from ontrial import Report, Task
REPORT = Report("Planted", tasks=(Task("X", "Part 1", "Task 1", "on x"),))
"""
KNOWN = known_as("refuted", "X2", "down", "full", "own") + known_as("inconclusive", "X3", "", "full", "own")


@pytest.fixture(scope="module")
def made():
    return []


@pytest.fixture
def project(made, request, tmp_path, tmp_path_factory):
    """A project whose claims were judged in full, which the audit finds clean: made once, then copied."""
    if not made:
        run_claims, pytester = map(request.getfixturevalue, ("run_claims", "pytester"))
        run_claims(SUITE, "--register", report=REPORT, known=KNOWN)
        run_claims(None, "-m", "full")
        made.append(shutil.copytree(pytester.path, tmp_path_factory.mktemp("made") / "project"))
        assert list(audit.differences(made[0] / "artifacts", made[0])) == []
    return shutil.copytree(made[0], tmp_path / "project")


def test_the_committed_record_is_clean(capsys):
    audit.main(["--root", str(ROOT), "--verbose"])  # all of it has digests
    assert re.fullmatch(r"\d+ conditions, 0 differences\n", capsys.readouterr().out)


def in_record(name, *path, **parts):
    """An edit of a result, or of the part of it at a path, or of the whole record; digests go where it is unsealed."""

    def edit(artifacts, is_sealed=False):
        file = artifacts / "verdicts.json"
        record = json.loads(file.read_bytes())
        found = record if name is None else next(
            each for each in record["verdicts"] if f"{each['id']} {each['case']}".strip() == name
        )  # fmt: skip
        for key in path:
            found = found[key]
        found.update(parts) if isinstance(found, dict) else found.__setitem__(slice(3, 9), parts["values"])
        for each in () if is_sealed else record["verdicts"]:
            del each["digest"]
        file.write_text(json.dumps(record), encoding="utf-8")

    return edit


def condition(name, place, **parts):
    return in_record(name, "evidence", place, **parts)


def in_file(name, old, new):
    def edit(artifacts):
        text = (artifacts / name).read_text(encoding="utf-8")
        assert old in text
        (artifacts / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def one_value(artifacts):
    in_record("X3", "evidence", 0, "values", values=[0.1] * 6)(artifacts, is_sealed=True)


def lost(artifacts):
    path = artifacts / "verdicts.json"
    record = json.loads(path.read_bytes())
    record["verdicts"] = [each for each in record["verdicts"] if each["case"] != "down"]
    path.write_text(json.dumps(record), encoding="utf-8")


def one_look(artifacts):
    path = artifacts / "verdicts.json"
    looks = next(each for each in json.loads(path.read_bytes())["verdicts"] if each["id"] == "X3")["looks"]
    in_record("X3", looks=looks[-1:])(artifacts)


def figure(artifacts):
    [path] = artifacts.glob("figures/*/*/*.png")
    path.write_bytes(path.read_bytes() + b"\0")


EDITS = {
    "values": (in_record("X1", "evidence", 0, "values", values=[0.0] * 6),
               r"X1 .*condition 1 \(late\): low is 1.0, but its values give 0"),
    "a value under its digest": (one_value, "X3 .*not what its digest says"),
    "a low end": (condition("X1", 1, low=0.5), r"X1 .*\(small\): low is 0.5, but its values give"),
    "a high end": (condition("X3", 0, high=0.5), r"X3 .*\(value\): high is 0.5"),
    "an estimate": (condition("X2 up", 0, estimate=1.0), r"X2 up .*\(moved\): estimate is 1.0"),
    "n": (condition("X1", 2, n=20), r"X1 .*evidence 3 n is 20, but should be \d+"),
    "left out": (condition("X1", 2, left_out=5), r"X1 .*\(steps\): n is \d+ and 5 were left out, of a look at"),
    "pairs": (condition("X2 up", 2, left_out=5), r"X2 up .*by value and its rounding\): n is \d+ and 5 were left out"),
    "alpha": (condition("X3", 0, alpha=0.01), r"X3 .*alpha 1 is 0.01, but should be 0.00025"),
    "a condition's verdict": (condition("X3", 0, verdict="holds"),
                              "X3 .*verdict is 'holds', but should be 'inconclusive'"),
    "a case's verdict": (in_record("X3", found="holds"), "X3 .*it is holds, but its conditions are inconclusive"),
    "a look that decided": (condition("X1", 0, look=0), "X1 .*evidence 1 look is 0, but should be 1"),
    "what a look saw": (in_record("X1", "looks", 0, "conditions", 0, low=0.75),
                        r"X1 .*look at 16 seeds: low is 0.75, but its values give 0"),
    "what a look saw in the end": (in_record("X1", "looks", -1, "conditions", 1, low=0.75),
                                   r"X1 .*at 24 seeds: it is not the interval over all of its"),
    "looks that are gone": (one_look, r"X3 .*looks before the last is \[\], but should be \[16, 24\]"),
    "a region": (in_record("X1", "evidence", 0, "region", low=0.4),
                 r"X1 .*conditions 1 is 'median of late > 0.4', but should be 'median of late > 0.5'"),
    "a measure": (condition("X4", 0, measure="other"), "X4 .*conditions 1 is 'count of other"),
    "a date": (in_record("X1", registered_on="2020-01-01"), "X1 .*registered_on is '2020-01-01', but should be"),
    "the first seed": (in_record("X1", first_trained="2020-01-01"), "X1 .*was trained on 2020-01-01, before its lock"),
    "a session": (in_record("X4", session="then"), "X4 .*its session then is not in the record"),
    "a lock": (in_record(None, "claims", 0, "registered", on="2020-01-01"),
               "X1: registered on is '2020-01-01', but should be"),
    "a statement": (in_record(None, "claims", 0, statement="other"), "X1: statement is 'other', but should be"),
    "an aside": (in_record("X1", "asides", 0, low=0.9), r"X1 .*aside \(positive\): low is 0.9"),
    "a verdict that is gone": (lost, "known.toml has X2 down full own, of which the record has no"),
    "a count on the page": (in_file("index.html", '<span class="count">2</span>', '<span class="count">3</span>'),
                            "index.html says '3', but from the record follows '2'"),
    "a verdict on the page": (in_file("index.html", '<article class="claim refuted" data-id="X2"',
                                      '<article class="claim holds" data-id="X2"'), "index.html says 'claim holds'"),
    "a number on the page": (in_file("index.html", '<td class="count">1</td>', '<td class="count">7</td>'),
                             "index.html says '7', but from the record follows '1'"),
    "a page that is gone": (lambda artifacts: (artifacts / "index.html").unlink(), "index.html: .*No such file"),
    "known.toml": (in_file("../planted/known.toml", 'verdict = "refuted"', 'verdict = "holds"'),
                   "X2 down .*: known.toml says holds, but the record refuted"),
    "a badge": (in_file("badges/X2.svg", ">refuted<", ">holds<"), "X2.svg says .*holds.*, but .* follows .*refuted"),
    "a badge of a part": (in_file("badges/part-1.svg", "2 hold", "3 hold"), "part-1.svg says .*3 hold"),
    "a badge that is gone": (lambda artifacts: (artifacts / "badges" / "X4.svg").unlink(), "X4.svg: .*No such file"),
    "a figure": (figure, "figures/.*/loss.png is not the figure that was drawn"),
    "a figure that is gone": (lambda artifacts: next(artifacts.glob("figures/*/*/*.png")).unlink(), "png is not there"),
    "README": (lambda artifacts: artifacts.with_name("README.md").write_text("<!-- verdicts -->\n<!-- /verdicts -->\n"),
               "README.md says .*, but from the record follows"),
    "the lock file": (in_file("../planted/registered.toml", "late > 0.5", "late > 0.4"), "is not what its hash says"),
    "all of it": (lambda artifacts: (artifacts / "verdicts.json").write_text("{"), "is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_whatever_is_edited_is_named(project, name):
    edit, message = EDITS[name]
    edit(project / "artifacts")
    with pytest.raises(SystemExit) as stopped:
        audit.main(["--root", str(project)])
    assert re.search(message, stopped.value.code)


def test_a_record_without_digests_is_clean_and_says_so_only_where_asked(project, capsys):
    in_record(None, figures={})(project / "artifacts")
    for options in ([], ["--verbose"]):
        audit.main(["--root", str(project), *options])
    first, *said = capsys.readouterr().out.splitlines()
    assert {first, said[-1]} == {"14 conditions, 0 differences"}
    assert "no digest: X2 down (full, own, registration 1)" in said
    assert any(line.endswith("loss.png") for line in said)


def test_its_own_code_agrees_with_the_trials_to_the_last_rank():
    for alpha in (1 / 4000, 1 / 8000, 1 / 50):
        for n in (1, 8, 15, 16, 24, 101, 320):
            middle = median_interval(range(n), "x", alpha)
            assert audit.interval("median", range(n), alpha) == (middle.estimate, middle.low, middle.high)
            for k in {0, 1, n // 2, n - 1, n}:
                share = share_interval([place < k for place in range(n)], "x", alpha)
                values = [float(place < k) for place in range(n)]
                assert audit.interval("share", values, alpha) == pytest.approx((share.estimate, share.low, share.high))
    expected = math.exp(special.betaln(8, 2)) * special.betaincc(8, 2, 0.5) * 2**9
    assert audit.evidence(7, 8, 0.5) == pytest.approx(expected)


def test_its_own_looks_are_those_of_a_plan():
    images = Looks((16, 24, 32), budget=32)
    for registration in range(1, 12):
        alpha = 1 / 4000 / 2 ** (registration - 1)
        planned = images.upto(most=100, fewest=fewest(alpha))
        assert tuple(audit.ladder(images.at, alpha)) == planned[:-1]
