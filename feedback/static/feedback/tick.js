// Choosing rows of a list: all at once, and how many are chosen. Shift chooses a range.

for (const form of document.querySelectorAll("[data-ticks]")) {
  const boxes = () => [...form.querySelectorAll("tbody input[type=checkbox]")];
  const all = form.querySelector("[data-tick-all]");
  const told = form.querySelector("[data-ticked]");
  let last = null;

  const tell = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    if (told) told.textContent = chosen ? told.dataset.text.replace("%s", chosen) : "";
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  };
  form.addEventListener("click", (event) => {
    const box = event.target;
    if (box === all) {
      for (const one of boxes()) one.checked = all.checked;
    } else if (event.shiftKey && last && boxes().includes(box)) {
      const [from, to] = [boxes().indexOf(last), boxes().indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes().slice(from, to + 1)) one.checked = box.checked;
    }
    if (boxes().includes(box)) last = box;
    tell();
  });
  tell();
}
