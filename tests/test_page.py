"""The page, in a headless Chromium: it loads, asks for nothing, sorts, filters, and fits a phone."""

import html
import json
import re
import shutil
import subprocess

import pytest

from publish import page
from tests.planted import HOSTILE, everything, plant, record, whole

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CLAIMS = ["F1", "F2", "F4", "M2", "M5", "M10", "P1"]

# Before the page's own script: whatever goes wrong is kept. After it: a user's steps, and what is seen after each.
WATCH = """
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message || event.target.outerHTML)), true);
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective + " " + event.blockedURI));
"""
ASK = """
addEventListener("load", async () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (selector) => all(selector).filter((one) => !one.hidden).map((one) => one.dataset.id);
  const rows = () => shown("#table tbody tr"), articles = () => shown("article.claim");
  const headings = all("#table thead th");
  const sort = (column) => (headings[column].querySelector("button").click(), rows());
  const states = () => headings.map((heading) => heading.getAttribute("aria-sort"));
  const set = (name, value) => {
    const field = document.getElementById("filter-" + name);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const seen = [rows(), articles(), document.getElementById("filter-count").textContent];
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return seen;
  };
  const decode = (image) => {
    const copy = new Image();
    copy.src = image.getAttribute("href");
    return copy.decode().then(() => copy.naturalWidth);
  };
  const found = {
    loaded: rows(),
    by_id_again: sort(0), states_by_id: states(),
    by_verdict: sort(4), states_by_verdict: states(),
    by_strength: sort(5),
    by_id: sort(0),
    refuted: set("verdict", "refuted"), part: set("part", "Part 3"), beyond: set("kind", "beyond"),
    text: set("text", "PLANTED f2"), nothing: set("text", "no such claim"),
    overflow: all("body *").filter((one) => !one.closest(".scroll, .picture, .hidden, .skip, .store")
      && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120)),
    width: innerWidth, scroll_width: document.documentElement.scrollWidth,
    figures: await Promise.all(all(".store image").map(decode)),
    uses: all(".picture use").map((use) => all(use.getAttribute("href")).length === 1),
    planted: window.planted ?? null,
    resources: performance.getEntries().filter((one) => one.entryType === "resource" && !one.name.startsWith("data:")),
    problems,
  };
  location.hash = "#P1";
  set("verdict", "holds");
  found.unnamed = all("[role=img], input, select, button, a")
    .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.closest("label"))).length;
  found.headings = all("h1, h2, h3").map((one) => Number(one.tagName[1]));
  parent.postMessage(JSON.stringify(found), "*");
});
"""
FRAME = """<!doctype html><body style="margin:0">
<iframe src="asked.html" style="border:0;width:{width}px;height:900px"></iframe><pre id="found"></pre>
<script>addEventListener("message", (event) => (document.getElementById("found").textContent = event.data));</script>"""


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"the page is tested in a browser, and there is none of {', '.join(BROWSERS)}: install chromium")
    return found


def ask(folder, width):
    """What the steps above saw in a frame of this width."""
    text = (folder / "index.html").read_text()
    own = f"script-src '{page.content_hash(page.source('page.js'))}'"
    assert own in text, "the policy of the page lets its own script in"
    allowed = " ".join(f"'{page.content_hash(script)}'" for script in (WATCH, ASK))
    text = text.replace(own, f"{own} {allowed}").replace(
        '<link rel="icon"', f'<script>{WATCH}</script>\n<link rel="icon"'
    )
    (folder / "asked.html").write_text(text.replace("</body>", f"<script>{ASK}</script>\n</body>"))
    (folder / "frame.html").write_text(FRAME.format(width=width))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    patient = ["--window-size=1300,1000", "--virtual-time-budget=20000", "--dump-dom"]
    command = [browser(), *options, *patient, (folder / "frame.html").as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False).stdout
    answer = re.search(r'<pre id="found">(.+?)</pre>', dumped, re.DOTALL)
    assert answer, f"the page did not answer; the browser dumped {dumped[-500:]!r}"
    return json.loads(html.unescape(answer[1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = plant(tmp_path_factory.mktemp("artifacts"), everything())
    page.write(folder)
    return folder


@pytest.fixture(scope="module")
def wide(folder):
    return ask(folder, 1280)


@pytest.fixture(scope="module")
def narrow(folder):
    return ask(folder, 360)


def test_the_page_loads_without_errors_and_without_any_request(wide):
    assert wide["problems"] == []
    assert wide["resources"] == []
    assert wide["loaded"] == CLAIMS


def test_the_table_sorts_both_ways_and_says_so(wide):
    assert wide["by_id_again"] == CLAIMS[::-1]
    assert wide["by_id"] == CLAIMS
    assert wide["states_by_id"] == ["descending", *["none"] * 5]
    assert wide["states_by_verdict"] == [*["none"] * 4, "ascending", "none"]
    assert wide["by_verdict"] == ["F1", "M5", "M10", "F2", "F4", "P1", "M2"]
    assert wide["by_strength"][:2] == ["M10", "F2"]
    assert wide["by_strength"][-1] == "P1"


def test_filters_act_on_the_table_and_on_the_claims_below(wide):
    assert wide["refuted"] == [["F2"], ["F2"], "1 of 7 claims"]
    assert wide["part"] == [["P1"], ["P1"], "1 of 7 claims"]
    assert wide["beyond"] == [["M10"], ["M10"], "1 of 7 claims"]
    assert wide["text"] == [["F2"], ["F2"], "1 of 7 claims"]
    assert wide["nothing"] == [[], [], "0 of 7 claims"]


def test_every_figure_is_there_once_and_shown_where_it_belongs(wide):
    assert len(wide["figures"]) == 3
    assert min(wide["figures"]) > 0
    assert wide["uses"] == [True] * 5


def test_a_claim_with_a_script_in_it_stays_text(wide, folder):
    assert wide["planted"] is None
    text = (folder / "index.html").read_text()
    assert HOSTILE not in text
    assert "&lt;script&gt;window.planted" in text


def test_every_control_and_drawing_has_a_name_and_headings_skip_no_level(wide):
    assert wide["unnamed"] == 0
    levels = wide["headings"]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))


def test_nothing_overflows_on_a_phone(narrow):
    assert narrow["width"] == 360
    assert narrow["scroll_width"] <= 360
    assert narrow["overflow"] == []


def test_the_page_says_why_and_shows_the_other_evidence(folder):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (folder / "index.html").read_text()))
    assert "it is so" in text
    assert "ZeroDivisionError" in text
    assert "Not run: there is no evidence" in text
    assert "Other evidence: fast, functions: inconclusive" in text
    assert "784-20-10" in text
    assert "labels random" in text
    assert "bbbbbbbbbbbb" in text
    assert "1 Mar 2026" in text


def test_the_page_is_the_same_byte_for_byte(folder, tmp_path):
    again = page.write(plant(tmp_path, everything())).read_bytes()
    assert again == (folder / "index.html").read_bytes()


def test_without_verdicts_the_command_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="judge some claims first"):
        page.main([str(tmp_path)])


def test_a_figure_that_is_missing_is_said(tmp_path):
    folder = plant(tmp_path, whole(record("F3", "holds")))
    shutil.rmtree(folder / "figures")
    assert "figures/fast-digits/planted, is not there" in page.write(folder).read_text()


def test_the_summary_is_printed_as_markdown(tmp_path, capsys):
    page.main([str(plant(tmp_path, everything())), "--summary"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "7 claims: 3 hold · 1 refuted · 1 undecided · 1 not run · 1 error."
    [refuted] = [line for line in lines if line.startswith("| F2 ")]
    assert refuted.endswith("| refuted | full, functions (n = 8): refuted; fast, functions (n = 8): inconclusive |")
    assert sum(line.startswith("| ") for line in lines) == 1 + 7
    assert "<script>" not in "".join(lines)
