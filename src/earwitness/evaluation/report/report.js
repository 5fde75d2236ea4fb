"use strict";
// A click on a column's title sorts a table by it: most first, then least first. Cells without a number stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const words = !head.classList.contains("n");
    button.addEventListener("click", () => {
      const down = head.ariaSort ? head.ariaSort === "ascending" : !words;
      for (const other of heads) other.ariaSort = null;
      head.ariaSort = down ? "descending" : "ascending";
      const key = (row) => words ? row.cells[column].textContent : row.cells[column].dataset.v;
      const order = (a, b) => words ? a.localeCompare(b, undefined, {numeric: true}) : a - b;
      const [known, none] = [[], []];
      for (const row of body.rows) (key(row) === undefined ? none : known).push(row);
      known.sort((a, b) => (down ? -1 : 1) * order(key(a), key(b)));
      body.append(...known, ...none);
    });
  });
}
