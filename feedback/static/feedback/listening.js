// The listening desk by keyboard: J and K move, Enter opens, X ticks, C makes a case, E marks as read.

const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => rows().find((row) => row.contains(document.activeElement));

function go(step) {
  const all = rows();
  const row = all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + step))];
  if (!row) return;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const row = current();
  const key = event.key.toLowerCase();
  const form = key === "c" ? document.querySelector("[data-case]") : key === "e" ? document.querySelector("[data-read]") : null;
  if (key === "j" || key === "k") go(key === "j" ? 1 : -1);
  else if (key === "enter" && row && event.target === row) row.querySelector("[data-open]").click();
  else if (key === "x" && row?.querySelector("[data-tick]")) row.querySelector("[data-tick]").click();
  else if (form) form.requestSubmit();
  else return;
  event.preventDefault();
});
