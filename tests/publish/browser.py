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
  const rows = () => shown("#table tbody tr"), pause = () => new Promise((done) => setTimeout(done, 50));
  const headings = all("#table thead th"), form = document.getElementById("filters");
  const filter = async (name, value) => {
    document.getElementById("filter-" + name).value = value;
    for (const type of ["input", "change"]) form.dispatchEvent(new Event(type));
    const seen = [rows(), shown("article.claim"), document.getElementById("filter-count").textContent, location.hash];
    if (location.hash) {
      const isBack = new Promise((done) => addEventListener("hashchange", done, { once: true }));
      history.back();
      await isBack;
    }
    return [...seen, rows().length, location.hash];
  };
  const filters = { verdict: ["refuted"], task: ["P"], kind: ["beyond"], text: ["PLANTED f2", "no such claim"] };
  const says = (event) => {
    all("svg[data-values]")[0].dispatchEvent(event);
    return document.getElementById("tip").textContent;
  };
  const csv = async () => {
    let blob;
    URL.createObjectURL = (made) => ((blob = made), "#csv=");
    all("a.values:not([hidden])")[0].click();
    return [await blob.text(), all("a.values:not([hidden])")[0].download];
  };
  const found = { loaded: rows(), filtered: [], sorted: [] };
  for (const column of [0, 4, 5, 0]) {
    headings[column].querySelector("button").click();
    found.sorted.push([rows(), headings.map((heading) => heading.getAttribute("aria-sort"))]);
  }
  for (const [name, values] of Object.entries(filters)) {
    for (const value of values) found.filtered.push(await filter(name, value));
  }
  const images = all(".store image").map((one) => Object.assign(new Image(), { src: one.getAttribute("href") }));
  await Promise.all(images.map((image) => image.decode()));
  Object.assign(found, {
    figures: images.map((image) => image.naturalWidth),
    overflow: all("body *").filter((one) => !one.closest(".scroll, .picture, .hidden, .skip, .store")
      && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120)),
    width: innerWidth, scrolls: document.documentElement.scrollWidth > innerWidth,
    uses: all(".picture use").map((use) => all(use.getAttribute("href")).length),
    unfocused: all(".filters input, .filters select, .filters button, .claims th button, .claims a, summary")
      .filter((one) => (one.focus(), document.activeElement !== one)).length,
    unnamed: all("[role=img], input, select, button, a")
      .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.closest("label"))).length,
    headings: all("h1, h2, h3").map((one) => Number(one.tagName[1])),
    planted: window.planted ?? null,
    resources: performance.getEntries().filter((one) => one.entryType === "resource" && !one.name.startsWith("data:")),
    dots: [["ArrowRight"], ["ArrowRight"], ["End"]].map(([key]) => says(new KeyboardEvent("keydown", { key })))
      .concat([says(new PointerEvent("pointermove", { clientX: 0 }))]),
    csv: await csv(),
    problems, choices: all(".choice").map((one) => one.getAttribute("href")),
  });
  all(".choice")[1]?.click();
  await pause();
  found.chosen = rows();
  location.hash = found.loaded[0];
  await pause();
  found.revealed = rows();
  location.hash = "#verdict=refuted&text=f";
  await pause();
  found.linked = rows();
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
    frame, profile = folder / "frame.html", folder / "profile"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    options = "--headless --no-sandbox --disable-gpu --window-size=1300,1000 --virtual-time-budget=60000 --dump-dom"
    command = [browser(), *options.split(), f"--user-data-dir={profile}", frame.as_uri()]
    for _ in range(3):  # where the cores are busy its virtual time is over before its figures are decoded
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False)
        if found := re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL):
            return json.loads(html.unescape(found[1]))
    raise AssertionError(f"the page did not report what it saw; the browser dumped {done.stdout[-500:]!r}")
