"""A headless Chromium that opens a page, does what a user would, and tells what is seen after each step."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ontrial.publish.page import content_hash
from ontrial.publish.templates import source

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HOW = "apt-get install chromium"

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
  const choose = async (place) => {
    all(".choice")[place]?.click();
    await new Promise((done) => setTimeout(done, 50));
    const seen = rows();
    document.getElementById("filters").reset();
    await new Promise((done) => setTimeout(done, 50));
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
    reports: all(".choice").map((one) => one.getAttribute("href")), second: await choose(1),
    text: set("text", "PLANTED f2"), nothing: set("text", "no such claim"),
    overflow: all("body *").filter((one) => !one.closest(".scroll, .picture, .hidden, .skip, .store")
      && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120)),
    width: innerWidth, scroll_width: document.documentElement.scrollWidth,
    figures: await Promise.all(all(".store image").map(decode)),
    uses: all(".picture use").map((use) => all(use.getAttribute("href")).length === 1),
    looks: all(".closing").map((one) => one.getAttribute("aria-label")),
    opened: all("details.looks").map((one) => one.open),
    focusable: all(".filters input, .filters select, .filters button, .claims th button, .claims a, summary")
      .every((one) => (one.focus(), document.activeElement === one)),
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
    """The browser's command. Without one its tests are skipped, or fail where REQUIRE_BROWSER=1 demands them."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = f"the page is tested in a browser, and there is none of {', '.join(BROWSERS)}: {HOW}"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(missing)
    return found


def ask(folder: Path, width: int) -> Any:
    """What the steps above saw in a frame of this width."""
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    text = (folder / "index.html").read_text(encoding="utf-8")
    own = f"script-src '{content_hash(source('page.js'))}'"
    assert own in text, "the policy of the page lets its own script in"
    allowed = " ".join(f"'{content_hash(script)}'" for script in (WATCH, ASK))
    text = text.replace(own, f"{own} {allowed}").replace(
        '<link rel="icon"', f'<script>{WATCH}</script>\n<link rel="icon"'
    )
    (folder / "asked.html").write_text(text.replace("</body>", f"<script>{ASK}</script>\n</body>"), encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    patient = ["--window-size=1300,1000", "--virtual-time-budget=20000", "--dump-dom"]
    for _ in range(3):  # where the cores are busy its virtual time is over before its figures are decoded
        done = subprocess.run(
            [*command, *patient, (folder / "frame.html").as_uri()],
            capture_output=True, text=True, encoding="utf-8", timeout=180, check=False,
        )  # fmt: skip
        if answer := re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL):
            return json.loads(html.unescape(answer[1]))
    raise AssertionError(f"the page did not answer; the browser dumped {done.stdout[-500:]!r}")
