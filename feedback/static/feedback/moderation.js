// The moderators' queue by keyboard: J and K move, A publishes, R goes to the reason, Enter there refuses.

const rows = () => [...document.querySelectorAll("[data-judged]")];
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
  const row = current();
  if (event.target.matches("[data-reason]")) {
    if (event.key === "Escape") row.focus();
    else if (event.key === "Enter" && event.target.value) row.querySelector("form").requestSubmit(row.querySelector("[data-refuse]"));
    else return;
    event.preventDefault();
    return;
  }
  if (event.target.matches("input, textarea, select")) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") go(key === "j" ? 1 : -1);
  else if (key === "a" && row) row.querySelector("form").requestSubmit(row.querySelector("[data-publish]"));
  else if (key === "r" && row) row.querySelector("[data-reason]").focus();
  else return;
  event.preventDefault();
});

const failed = document.querySelector("[data-judged] [role=alert]");
(failed ? failed.closest("[data-judged]") : rows()[0])?.focus({ preventScroll: !failed });
