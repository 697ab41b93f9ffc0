// The queue of replies by keyboard: J and K move, A approves, E edits, Escape leaves the text.

const rows = () => [...document.querySelectorAll("[data-reply]")];
const current = () => rows().find((row) => row.contains(document.activeElement));

function go(step) {
  const all = rows();
  const row = all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + step))];
  if (!row) return;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function finish(row) {
  const button = row.querySelector("[data-finish]");
  if (button) button.form.requestSubmit(button);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || document.querySelector("dialog[open]")) return;
  const row = current();
  if (event.target.matches("textarea")) {
    if (event.key === "Escape" && row) row.focus();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && row) finish(row);
    else return;
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.target.matches("input, select")) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") go(key === "j" ? 1 : -1);
  else if (key === "a" && row) finish(row);
  else if (key === "e" && row) row.querySelector("[data-text]")?.focus();
  else return;
  event.preventDefault();
});

const failed = document.querySelector("[data-reply] [role=alert]");
(failed ? failed.closest("[data-reply]") : rows()[0])?.focus({ preventScroll: !failed });
