// Data tables: sorting, search and paging, all in the browser.
"use strict";

(() => {
  const boxOf = (element) => element.closest?.("[data-table]");
  const rows = (box) => [...box.querySelectorAll("tbody tr")];
  const key = (row, column) => row.cells[column].dataset.key;

  function draw(box) {
    const size = Number(box.dataset.size);
    const words = box.querySelector("[data-filter]").value.trim().toLowerCase();
    const fitting = rows(box).filter((row) => row.textContent.toLowerCase().includes(words));
    const last = Math.max(0, Math.ceil(fitting.length / size) - 1);
    const page = Math.min(Number(box.dataset.at || 0), last);
    box.dataset.at = page;
    const shown = new Set(fitting.slice(page * size, (page + 1) * size));
    for (const row of rows(box)) row.hidden = !shown.has(row);
    const first = fitting.length ? page * size + 1 : 0;
    const all = rows(box).length;
    const of = fitting.length === all ? `${all}` : `${fitting.length} (filtered from ${all})`;
    box.querySelector("[data-range]").textContent = `${first}–${page * size + shown.size} of ${of}`;
    box.querySelector("[data-page=\"-1\"]").disabled = page === 0;
    box.querySelector("[data-page=\"1\"]").disabled = page === last;
  }

  function sort(box, button) {
    const heading = button.closest("th");
    const column = Number(button.dataset.sort);
    const isUp = heading.getAttribute("aria-sort") !== "ascending";
    const isNumeric = "numeric" in heading.dataset;
    for (const each of box.querySelectorAll("thead th")) each.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const ordered = rows(box).sort((one, other) => {
      const [a, b] = [key(one, column), key(other, column)];
      const order = isNumeric ? Number(a) - Number(b) : a.localeCompare(b, "en");
      return isUp ? order : -order;
    });
    box.querySelector("tbody").append(...ordered);
    box.dataset.at = 0;
    draw(box);
  }

  document.addEventListener("click", (event) => {
    const box = boxOf(event.target);
    const sorting = box && event.target.closest("[data-sort]");
    const paging = box && event.target.closest("[data-page]");
    if (sorting) sort(box, sorting);
    if (paging) {
      box.dataset.at = Number(box.dataset.at || 0) + Number(paging.dataset.page);
      draw(box);
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-filter]")) return;
    const box = boxOf(event.target);
    box.dataset.at = 0;
    draw(box);
  });
})();
