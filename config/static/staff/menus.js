// Menus are <details class="menu">: they open and close without this. It adds what keys and hands expect: a
// click elsewhere, Escape and Tab past the last item close them, the arrows walk through their items.

const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const inside = (place) => $$("a, button", place).filter((item) => item.getClientRects().length);
const menuOf = (element) => element.closest?.(".topbar details.menu");

// Where an arrow leads: up and down through all items, left and right to the next column, if there are any.
function next(menu, key) {
  const columns = $$("[data-column]", menu);
  const all = inside(menu);
  const here = all.indexOf(document.activeElement);
  const around = (list, place) => list[(place + list.length) % list.length];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (key === "ArrowDown") return around(all, here + 1);
  if (key === "ArrowUp") return around(all, here < 0 ? -1 : here - 1);
  const column = columns.indexOf(document.activeElement.closest("[data-column]"));
  return column < 0 ? null : inside(around(columns, column + (key === "ArrowRight" ? 1 : -1)))[0];
}

const KEYS = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"];

addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Escape") {
    for (const menu of $$("details.menu[open]")) {
      if (menu.contains(event.target)) menu.querySelector("summary").focus();
      menu.open = false;
    }
    return;
  }
  const menu = menuOf(event.target);
  if (!menu || !KEYS.includes(event.key) || event.target.matches("input, select, textarea")) return;
  if (!menu.open && !event.key.endsWith("Down") && !event.key.endsWith("Up")) return;
  event.preventDefault();
  menu.open = true;
  next(menu, event.key)?.focus();
});

addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const menu = menuOf(event.target);
  if (!menu || event.isTrusted) return; // its key was pressed: go on with the keys
  setTimeout(() => menu.open && (menu.querySelector("[aria-current]") || inside(menu)[0])?.focus());
});

addEventListener("focusout", (event) => {
  const menu = menuOf(event.target);
  if (menu?.open && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});
