"""Bad input: each kind gives a message that a person can act on, before anything is trained."""

import json

import pytest

from models import options
from models.scale import scale

CLAIM = """
EXPERIMENTS = {"tiny": TINY}

@claim_of()
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["tiny"].train_loss[:, -1], "loss") < 9)
"""
CASES = {
    "tier": (["-m", "fats"], "*-m fats: unknown; the tiers are fast and full"),
    "dataset": (["--dataset", "cifar"], "*unknown dataset 'cifar': there are digits and mnist"),
    "device": (["--device", "abacus"], "*--device abacus: unknown; there are auto, cpu and cuda"),
    "claim": (["--claim", "X9"], "*--claim X9: unknown here; there are X1"),
    "workers 0": (["--workers", "0"], "*--workers 0: at least 1 process*"),
    "workers -2": (["--workers=-2"], "*--workers -2: at least 1 process*"),
    "seeds 0": (["--seeds", "0"], "*--seeds 0: at least 1 seed*"),
    "seeds too few": (["--seeds", "5"], "*5 seeds are too few for a 99.0% interval*at least 8 are needed"),
    "too few in full": (["-m", "full", "--seeds", "10"], "*10 seeds are too few for a 99.9% interval*at least 11*"),
    "artifacts": (["--artifacts", "a-file"], "*nothing can be written in *a-file*Name another folder*"),
    "store": (["--store", "a-file/runs"], "*nothing can be written in *a-file*Name another folder*"),
}


@pytest.mark.parametrize(("arguments", "message"), CASES.values(), ids=CASES.keys())
def test_bad_input_is_refused_before_training(run_claims, pytester, arguments, message):
    (pytester.path / "a-file").write_text("")
    result = run_claims(CLAIM, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message.removeprefix('*')}"])
    result.stdout.no_fnmatch_line("training * jobs*")


def test_a_data_root_that_is_a_file(run_claims, pytester):
    (pytester.path / "a-file").write_text("")
    result = run_claims(CLAIM, "--dataset", "mnist", "--data-root", "a-file")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["*the data root a-file is a file, not a folder. Give --data-root=FOLDER."])


def test_mnist_without_a_data_root(run_claims, monkeypatch):
    monkeypatch.delenv("DATA_ROOT", raising=False)
    result = run_claims(CLAIM, "--dataset", "mnist")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["*Give --data-root=FOLDER (or set DATA_ROOT)*"])


def test_a_marker_without_a_source(run_claims):
    result = run_claims("@pytest.mark.claim('X1', 'a sentence')\ndef test_planted(claim): pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *test_planted*@pytest.mark.claim(id, statement, source=*): *source*"])


def test_one_claim_is_selected_by_its_id(run_claims):
    other = "\n@claim_of('X2')\ndef test_other(claim):\n    claim.holds_if(exactly(1, 'count') > 0)\n"
    result = run_claims(CLAIM + other, "--claim", "X2")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.no_fnmatch_line("training * jobs*")


def test_an_experiment_that_was_not_recorded_says_what_was(run_claims):
    result = run_claims(CLAIM.replace("train_loss", "tran_loss"))
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*AttributeError: 'tran_loss' was not recorded by *; recorded were *train_loss*"])


def test_cuda_where_there_is_none(monkeypatch):
    monkeypatch.setattr(options.torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="finds no CUDA device"):
        options._device("cuda")
    assert options._device("auto") == "cpu"
    monkeypatch.setattr(options.torch.cuda, "is_available", lambda: True)
    assert options._device("auto") == "cuda"


def test_tiers_differ_as_they_say():
    fast, full = scale("fast"), scale("full")
    assert (fast.dataset, full.dataset) == ("digits", "mnist")
    assert fast.may_abstain
    assert not full.may_abstain
    assert scale("full", "digits", 24).seeds == 24
    assert full.looking_again().seeds > full.seeds
    assert fast.looking_again() == fast
    assert scale("full", "digits", 20).looking_again().seeds == 20
    with pytest.raises(ValueError, match="unknown tier"):
        scale("slow")


def test_a_second_look_takes_more_seeds_in_full(run_claims, pytester):
    again = CLAIM.replace("test_planted", "test_again").replace(
        "@claim_of()", '@pytest.mark.second_look\n@claim_of("X2")'
    )
    run_claims(CLAIM + again, "-m", "full", "--dataset", "digits").assert_outcomes(passed=2, deselected=2)
    verdicts = json.loads((pytester.path / "artifacts" / "verdicts.json").read_text())["verdicts"]
    assert {each["id"]: each["evidence"][0]["n"] for each in verdicts} == {"X1": 12, "X2": 24}
