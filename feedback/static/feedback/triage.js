// Deciding by keyboard: j and k go through the texts, digits and letters press the chips of the one in hand.

const list = document.querySelector("[data-triage-list]");

if (list) {
  const items = () => [...list.querySelectorAll("[data-triage-item]")];
  const at = () => items().findIndex((item) => item.contains(document.activeElement));
  const go = (number) => {
    const all = items();
    const item = all[Math.min(Math.max(number, 0), all.length - 1)];
    item.focus();
    item.scrollIntoView({ block: "nearest" });
  };
  const pressed = new Map(); // the chips that keys pressed and the server has not answered, with their items

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.matches("textarea, select, input")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") go(at() + (key === "j" ? 1 : -1));
    else {
      const item = items()[Math.max(0, at())];
      const chip = item && item.querySelector(`[data-triage-key="${CSS.escape(key)}"]`);
      if (!chip) return;
      pressed.set(chip, item);
      chip.click();
    }
    event.preventDefault();
  });

  // What was swapped has lost the focus: it goes to the next text after a feeling, else it stays.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const chip = event.detail.requestConfig?.triggeringEvent?.submitter;
    const item = pressed.get(chip);
    if (!item) return;
    pressed.delete(chip);
    const next = chip.name === "feeling";
    if (next) item.classList.add("is-done");
    go(items().indexOf(item) + (next ? 1 : 0));
  });
  go(0);
}
