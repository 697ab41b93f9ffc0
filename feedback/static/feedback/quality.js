// Judging by keyboard: digits give points to the item with the focus and go on to the next.

const form = document.querySelector("[data-judge]");

if (form) {
  const items = [...form.querySelectorAll("[data-judged]")];
  const at = () => Math.max(0, items.findIndex((item) => item.contains(document.activeElement)));
  const go = (number) => {
    const item = items[Math.min(Math.max(number, 0), items.length - 1)];
    (item.querySelector("input[type=radio]:checked") || item.querySelector("input[type=radio]")).focus();
    item.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.matches("textarea, select, input:not([type=radio])")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") go(at() + (key === "j" ? 1 : -1));
    else if (/^[0-9-]$/.test(key)) {
      const number = at();
      const box = items[number].querySelector(`input[type=radio][value="${key}"]`);
      if (!box) return;
      box.checked = true;
      go(number + 1);
    } else return;
    event.preventDefault();
  });
  go(0);
}
