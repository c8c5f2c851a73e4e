"""What a test gives claim.figure: any figure of matplotlib, or a drawing, one file a case, of the last look."""

from PIL import Image

SUITE = """
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from ontrial import scatter

EXPERIMENTS = {"near": noise(0.0), "far": noise(9.0)}

@claim_of("X1")
def test_pyplot(claim, runs):
    assert plt.get_fignums() == [], "left open by an earlier look"
    n = runs["far"].n
    claim.figure, axes = plt.subplots(figsize=(n / 8, 3))
    axes.plot(runs["far"].value)
    plt.figure()
    claim.holds_if(claim.correlation(runs["near"].value, runs["far"].value, "near and far") > 0.0)

@claim_of("X2")
@pytest.mark.parametrize("case", ["a/b", "a b", "ab"])
def test_plain(claim, runs, case):
    claim.figure = Figure(figsize=(2, 2), facecolor="red")
    claim.holds_if(claim.argmax({name: run.value for name, run in runs.items()}, "far", "value") > 0.1)

@claim_of("X3")
def test_helper(claim, runs):
    claim.figure = scatter(runs["near"].value, runs["far"].value, xlabel="near (1)", ylabel="far (1)")
    claim.holds_if(claim.median(runs["far"].value, "value") > 0)

@claim_of("X4")
def test_nothing_trained(claim):
    claim.figure = Figure()
    claim.holds_if(exactly(1, "n") > 0)

@claim_of("X5")
def test_other(claim):
    claim.figure = Figure().subplots()
    claim.holds_if(exactly(1, "n") > 0)
"""
SHARED = """
from pathlib import Path
from ontrial import Drawing, grid

def drawn(name, n):
    def draw(caption):
        with Path("drawn.txt").open("a") as file:
            print(name, n, file=file)
        return grid(1, 1, (1, 1))[0]
    return Drawing(name, "noise", n, draw, ())

@pytest.mark.parametrize("name, n", [("falling", 8), ("falling", 4), ("rising", 4), ("rising", 8)])
@claim_of("X1")
def test_shared(claim, name, n):
    claim.figure = drawn(name, n)
    claim.holds_if(exactly(1, "n") > 0)
"""
SEEDS_OF_LAST_LOOK, DPI, CAPTION = 32, 130, 0.28


def test_of_claims_that_share_a_figure_the_one_with_the_most_seeds_draws_it(run_claims, pytester):
    run_claims(SHARED, "-m", "fast").assert_outcomes(passed=4, deselected=4)
    assert (pytester.path / "drawn.txt").read_text().split("\n")[:-1] == ["falling 8", "rising 4", "rising 8"]


def test_any_figure_is_saved_once_a_case_with_the_last_look_and_none_stays_open(run_claims, pytester, verdicts):
    run_claims(SUITE, "--register").assert_outcomes(passed=5, skipped=1, failed=1, deselected=7)
    result = run_claims(None, "-m", "full", "-W", "error")
    result.assert_outcomes(passed=6, failed=1, deselected=7)
    result.stdout.fnmatch_lines(
        ["*claim.figure is of type Axes: give it a matplotlib Figure, or what ontrial.curves, by,*"]
    )
    found = {name: each["figures"] for name, each in verdicts("full").items()}
    assert found.pop("X5") == []
    names = [path.partition("/planted/")[2] for [path] in found.values()]
    assert names[0] == "full-own-1/X1.png"
    assert len(set(map(str.lower, names))) == len(names) == 6
    with Image.open(pytester.path / "artifacts" / found["X1"][0]) as image:
        width, height = image.size
        assert (width, height, image.mode) == (SEEDS_OF_LAST_LOOK / 8 * DPI, round((3 + CAPTION) * DPI), "P")
    with Image.open(pytester.path / "artifacts" / found["X2 ab"][0]) as image:
        colours = {image.convert("RGB").getpixel((image.width // 2, row)) for row in (0, 2 * DPI - 1)}
        assert colours == {(255, 0, 0)}
