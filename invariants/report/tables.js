// Tables that sort by a heading, and the list of counterexamples narrowed to a word.
function sortBy(button) {
  const th = button.closest("th"), table = th.closest("table"), body = table.tBodies[0];
  const place = [...th.parentNode.children].indexOf(th), down = th.getAttribute("aria-sort") === "ascending";
  for (const other of th.parentNode.children) other.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", down ? "descending" : "ascending");
  const number = button.dataset.kind === "number";
  const value = row => {
    const text = row.children[place].textContent.trim();
    return number ? (text === "-" ? Infinity : Number(text)) : text;
  };
  const order = (a, b) => number ? value(a) - value(b) || 0 : value(a).localeCompare(value(b));
  const rows = [...body.rows].sort(order);
  body.append(...(down ? rows.reverse() : rows));
}
for (const button of document.querySelectorAll("table.sortable th button"))
  button.addEventListener("click", () => sortBy(button));

const filter = document.getElementById("filter");
if (filter) filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  const all = document.querySelectorAll("#counterexamples ~ details.exhibit");
  for (const card of all) {
    const text = [...card.querySelectorAll("summary, .sentence, .lead")].map(e => e.textContent).join(" ").toLowerCase();
    card.hidden = !words.every(word => text.includes(word) || card.id.includes(word));
    shown += !card.hidden;
  }
  document.getElementById("filtered").textContent = words.length ? shown + " of " + all.length : "";
});
