"use strict";
(() => {
  const table = document.getElementById("table"), body = table.tBodies[0];
  const rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  const filters = document.getElementById("filters"), count = document.getElementById("filter-count");
  const articles = new Map([...document.querySelectorAll("article.claim")].map((one) => [one.dataset.id, one]));
  const field = (name) => document.getElementById("filter-" + name);
  const kinds = ["report", "verdict", "part", "kind"].filter(field);
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
    for (const task of document.querySelectorAll("section.task")) {
      task.hidden = !task.querySelector("article.claim:not([hidden])");
    }
    for (const one of document.querySelectorAll(".report-heading")) {
      one.hidden = !rows.some((row) => !row.hidden && row.dataset.report === one.dataset.report);
    }
    document.getElementById("none").hidden = shown > 0;
    count.textContent = `${shown} of ${rows.length} claims`;
  };
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(filter));

  // The choice of a report shows that one's claims only.
  for (const one of document.querySelectorAll(".choice")) {
    one.addEventListener("click", () => {
      filters.reset();
      field("report").value = one.dataset.report;
      setTimeout(filter);
    });
  }

  // A link to a claim that is filtered out shows everything again before it goes there.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      filters.reset();
      filter();
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", reveal);
  filter(); // a browser that goes back keeps what was typed
  reveal();

  const details = [...document.querySelectorAll("details")];
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = details.filter((one) => !one.open);
    opened.forEach((one) => (one.open = true));
  });
  window.addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));
})();
