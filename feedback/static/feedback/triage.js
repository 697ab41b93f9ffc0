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
  let pressed = null; // the chip that a key pressed and the server has not answered, with its item
  const waiting = []; // keys pressed meanwhile: each is meant for what the answer to the last leaves in hand

  const chipOf = (item, key) => item && item.querySelector(`[data-triage-key="${CSS.escape(key)}"]`);
  const act = (key) => {
    if (key === "j" || key === "k") {
      go(at() + (key === "j" ? 1 : -1));
      return;
    }
    const item = items()[Math.max(0, at())];
    const chip = chipOf(item, key);
    if (!chip) return;
    pressed = { chip, item };
    chip.click();
  };
  const goOn = () => {
    pressed = null;
    while (!pressed && waiting.length) act(waiting.shift());
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.matches("textarea, select, input")) return;
    const key = event.key.toLowerCase();
    if (key !== "j" && key !== "k" && !chipOf(list, key)) return;
    event.preventDefault();
    if (pressed) waiting.push(key);
    else act(key);
  });

  // What was swapped has lost the focus: it goes to the next text after a feeling, else it stays.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!pressed || event.detail.requestConfig?.triggeringEvent?.submitter !== pressed.chip) return;
    const { chip, item } = pressed;
    const next = chip.name === "feeling";
    if (next) item.classList.add("is-done");
    go(items().indexOf(item) + (next ? 1 : 0));
    goOn();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful || event.detail.requestConfig?.triggeringEvent?.submitter !== pressed?.chip) return;
    waiting.length = 0; // what was meant for after it is meant no more
    goOn();
  });
  go(0);
}
