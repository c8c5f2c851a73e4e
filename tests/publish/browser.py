"""A headless Chromium that opens a page, does what a user would, and returns what is seen after each step."""

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
# Before the page's own script: problems are collected. After it: a user's steps, and what is seen after each.
WATCH = """
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message || event.target.outerHTML)), true);
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective + " " + event.blockedURI));
"""
STEPS = """
addEventListener("load", async () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (selector) => all(selector).filter((one) => !one.hidden).map((one) => one.dataset.id);
  const rows = () => shown("#table tbody tr");
  const headings = all("#table thead th"), field = (name) => document.getElementById("filter-" + name);
  const sort = (column) => {
    headings[column].querySelector("button").click();
    return [rows(), headings.map((heading) => heading.getAttribute("aria-sort"))];
  };
  const set = (name, value) => {
    field(name).value = value;
    field(name).dispatchEvent(new Event("input", { bubbles: true }));
  };
  const filter = (name, value) => {
    set(name, value);
    const seen = [rows(), shown("article.claim"), field("count").textContent];
    set(name, "");
    return seen;
  };
  const reports = async () => {
    all(".choice")[1]?.click();
    await new Promise((done) => setTimeout(done, 50));
    const seen = rows();
    if (field("report")) set("report", "");
    return [all(".choice").map((one) => one.getAttribute("href")), seen];
  };
  const decode = (image) => {
    const copy = new Image();
    copy.src = image.getAttribute("href");
    return copy.decode().then(() => copy.naturalWidth);
  };
  const found = {
    loaded: rows(), sorted: [0, 4, 5, 0].map(sort), reports: await reports(),
    filtered: [["verdict", "refuted"], ["part", "Part 3"], ["kind", "beyond"], ["text", "PLANTED f2"], ["text", "none"]]
      .map(([name, value]) => filter(name, value)),
    overflow: all("body *").filter((one) => !one.closest(".scroll, .picture, .hidden, .skip, .store")
      && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120)),
    width: innerWidth, scrolls: document.documentElement.scrollWidth > innerWidth,
    figures: await Promise.all(all(".store image").map(decode)),
    uses: all(".picture use").map((use) => all(use.getAttribute("href")).length === 1),
    looks: all("details.looks svg.intervals").map((one) => one.getAttribute("aria-label")),
    opened: all("details.looks").map((one) => one.open),
    focusable: all(".filters input, .filters select, .filters button, .claims th button, .claims a, summary")
      .every((one) => (one.focus(), document.activeElement === one)),
    unnamed: all("[role=img], input, select, button, a")
      .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.closest("label"))).length,
    headings: all("h1, h2, h3").map((one) => Number(one.tagName[1])),
    planted: window.planted ?? null,
    resources: performance.getEntries().filter((one) => one.entryType === "resource" && !one.name.startsWith("data:")),
    problems,
  };
  set("text", "none");
  location.hash = all("article.claim")[0].dataset.id;
  await new Promise((done) => setTimeout(done, 50));
  found.revealed = rows();
  parent.postMessage(JSON.stringify(found), "*");
});
"""
FRAME = """<!doctype html><body style="margin:0">
<iframe src="watched.html" style="border:0;width:{width}px;height:900px"></iframe><pre id="found"></pre>
<script>addEventListener("message", (event) => (document.getElementById("found").textContent = event.data));</script>"""


def browser() -> str:
    """The browser's command. Without one its tests are skipped, or fail where REQUIRE_BROWSER=1."""
    if command := next(filter(None, map(shutil.which, BROWSERS)), None):
        return command
    missing = f"these tests need one of {', '.join(BROWSERS)}: apt-get install chromium"
    (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(missing)


def visit(folder: Path, width: int) -> dict[str, Any]:
    """What the steps above saw of a folder's page in a frame of this width."""
    text = (folder / "index.html").read_text(encoding="utf-8")
    own, icon = f"script-src '{content_hash(source('page.js'))}'", '<link rel="icon"'
    assert own in text, "the policy of the page lets its own script in"
    text = text.replace(own, f"{own} '{content_hash(WATCH)}' '{content_hash(STEPS)}'")
    text = text.replace(icon, f"<script>{WATCH}</script>{icon}").replace("</body>", f"<script>{STEPS}</script></body>")
    (folder / "watched.html").write_text(text, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += [
        "--window-size=1300,1000",
        "--virtual-time-budget=20000",
        "--dump-dom",
        (folder / "frame.html").as_uri(),
    ]
    for _ in range(3):  # where the cores are busy its virtual time is over before its figures are decoded
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False)
        if found := re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL):
            return json.loads(html.unescape(found[1]))
    raise AssertionError(f"the page did not report what it saw; the browser dumped {done.stdout[-500:]!r}")
