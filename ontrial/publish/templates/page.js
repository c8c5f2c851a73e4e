"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const table = document.getElementById("table"), body = table.tBodies[0];
  const rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  const filters = document.getElementById("filters"), count = document.getElementById("filter-count");
  const articles = new Map(all("article.claim").map((one) => [one.dataset.id, one]));
  const field = (name) => document.getElementById("filter-" + name);
  const kinds = ["report", "verdict", "task", "kind"].filter(field);
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const sort = (column, descending) => {
    const key = (row) => row.cells[column].dataset.key ?? row.cells[column].textContent;
    const order = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
    const sorted = [...rows].sort((a, b) => (descending ? order(b, a) : order(a, b)));
    body.append(...sorted);
    headings.forEach((heading, index) =>
      heading.setAttribute("aria-sort", index !== column ? "none" : descending ? "descending" : "ascending"));
  };
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => sort(column, heading.getAttribute("aria-sort") === "ascending"));
  });

  const filter = () => {
    const terms = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = kinds.every((name) => !field(name).value || field(name).value === row.dataset[name])
        && terms.every((word) => words.get(row).includes(word));
      row.hidden = articles.get(row.dataset.id).hidden = !fits;
      shown += fits;
    }
    for (const task of all("section.task")) task.hidden = !task.querySelector("article.claim:not([hidden])");
    for (const one of all(".report-heading")) {
      one.hidden = !rows.some((row) => !row.hidden && row.dataset.report === one.dataset.report);
    }
    document.getElementById("none").hidden = shown > 0;
    count.textContent = `${shown} of ${rows.length} claims`;
  };

  // The address has the selection after its #, as in #verdict=refuted&text=deep: a link shows the same, and back works.
  const names = [...kinds, "text"];
  const show = (selection) => {
    for (const name of names) field(name).value = selection.get(name) ?? "";
    filter();
  };
  const remember = () => {
    const selection = names.map((name) => [name, field(name).value.trim()]).filter(([, value]) => value);
    const address = location.href.split("#")[0] + (selection.length ? "#" + new URLSearchParams(selection) : "");
    if (address !== location.href) history.pushState(null, "", address);
  };
  const recall = () => {
    const hash = location.hash.slice(1);
    if (!hash || hash.includes("=")) return show(new URLSearchParams(hash));
    const target = document.getElementById(decodeURIComponent(hash));
    if (target && target.closest("[hidden]")) { // a link to a claim that is filtered out shows all again
      show(new Map());
      target.scrollIntoView();
    }
  };
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("change", remember);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(() => { filter(); remember(); }));
  window.addEventListener("hashchange", recall);

  // Each dot says which seed it is, and its value: to the pointer, and on the keyboard to the arrow keys.
  const drawn = JSON.parse(document.getElementById("seeds").textContent), tip = document.getElementById("tip");
  const drawings = all("svg[data-values]");
  const numbers = (drawing) => drawing.dataset.values.split(",").map((text) => Number(text.replace("inf", "Infinity")));
  const seed = (drawing, index) => {
    const { seeds, unit } = drawing.dataset;
    return seeds === "numbered" ? index : seeds ? drawn[seeds][index] : unit === "pairs" ? "" : "not recorded";
  };
  const places = (drawing) => { // from left to right: what is in one place, within a dot's width
    const [scale, low, high, width, left, right] = JSON.parse(drawing.closest(".panel").dataset.axis);
    const scaled = { log: Math.log10, asinh: (x) => Math.asinh(x / width), linear: (x) => x }[scale];
    const at = (value) => Number.isFinite(value)
      ? left + ((right - left) * (scaled(value) - scaled(low))) / (scaled(high) - scaled(low))
      : value > 0 ? (right < 97 ? 97 : 100) : left > 3 ? 3 : 0;
    const found = new Map();
    numbers(drawing).forEach((value, index) => {
      const key = Math.round(at(value) / 0.45);
      found.set(key, [...(found.get(key) ?? []), { index, value, at: at(value) }]);
    });
    return [...found.keys()].sort((a, b) => a - b).map((key) => found.get(key));
  };
  const said = (drawing, dots) => {
    const { unit, seeds } = drawing.dataset, some = dots.slice(0, 5);
    const values = [...new Set(dots.map((one) => one.value))].sort((a, b) => a - b);
    const word = dots.length > 1 ? `${dots.length} ${unit}` : unit.slice(0, -1);
    const which = seeds ? " " + some.map((one) => seed(drawing, one.index)).join(", ") + (dots.length > 5 ? ", …" : "") : "";
    const range = values.length > 1 ? `${values[0]} to ${values.at(-1)}` : values[0];
    return `${word}${which}: ${range}`.replaceAll("-", "−").replaceAll("Infinity", "∞");
  };
  const point = (drawing, dots) => {
    const frame = drawing.getBoundingClientRect(), at = dots[0].at / 100;
    tip.textContent = said(drawing, dots);
    tip.hidden = false;
    const left = frame.left + at * frame.width - tip.offsetWidth / 2;
    tip.style.left = `${scrollX + Math.max(4, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${scrollY + frame.bottom + 4}px`;
  };
  for (const drawing of drawings) {
    let found, chosen = -1;
    const leave = () => { tip.hidden = true; chosen = -1; };
    drawing.tabIndex = 0;
    drawing.addEventListener("pointermove", (event) => {
      const frame = drawing.getBoundingClientRect(), at = (100 * (event.clientX - frame.left)) / frame.width;
      const far = (dots) => Math.abs(dots[0].at - at);
      found ??= places(drawing);
      point(drawing, found.reduce((nearest, dots) => (far(dots) < far(nearest) ? dots : nearest)));
    });
    drawing.addEventListener("keydown", (event) => {
      found ??= places(drawing);
      const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: found.length - 1 }[event.key];
      if (event.key === "Escape") leave();
      if (to === undefined) return;
      event.preventDefault();
      chosen = Math.max(0, Math.min(to, found.length - 1));
      point(drawing, found[chosen]);
    });
    drawing.addEventListener("pointerleave", leave);
    drawing.addEventListener("blur", leave);
  }
  document.getElementById("dots-said").hidden = false;

  // A claim's values as CSV, made of what its drawings hold.
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  for (const link of all("a.values")) {
    const mine = all("svg[data-values]", link.closest("article"));
    link.hidden = !mine.length;
    link.textContent = "its values (CSV)";
    link.download = link.dataset.file;
    link.addEventListener("click", () => {
      const lines = mine.flatMap((one) => numbers(one).map((value, index) =>
        [one.dataset.case, one.dataset.measure, one.dataset.unit, seed(one, index), value].map(String).map(quoted).join(",")));
      const text = ["case,measure,of,seed,value", ...lines, ""].join("\n");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    });
  }
  recall();

  const details = all("details");
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = details.filter((one) => !one.open);
    opened.forEach((one) => (one.open = true));
  });
  window.addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));
})();
