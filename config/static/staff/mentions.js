// Naming a colleague in a note: after @ a list of who fits, chosen by keys or the mouse.
let list = null;
let asked = 0;

const begun = (field) => /@([^\s@]{0,20})$/u.exec(field.value.slice(0, field.selectionStart));

function close() {
  list?.remove();
  list = null;
}

async function offer(field) {
  const match = begun(field);
  const place = document.querySelector("#work[data-people]");
  if (!match || !place) return close();
  const mine = ++asked;
  const url = new URL(place.dataset.people, location);
  url.searchParams.set("q", match[1]);
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || mine !== asked) return;
  const { people } = await answer.json();
  close();
  if (!people.length || !begun(field)) return;
  list = document.createElement("ul");
  list.className = "named";
  list.id = "named";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.getElementById("words").dataset.colleagues);
  people.forEach((person, place) => {
    const item = document.createElement("li");
    item.id = `named-${place}`;
    item.setAttribute("role", "option");
    item.dataset.insert = person.insert;
    item.append(person.name, Object.assign(document.createElement("small"), { textContent: person.account }));
    list.append(item);
  });
  field.before(list);
  field.setAttribute("aria-controls", "named");
  mark(field, 0);
}

function mark(field, place) {
  const items = [...list.children];
  const chosen = items[(place + items.length) % items.length];
  for (const item of items) item.setAttribute("aria-selected", item === chosen);
  field.setAttribute("aria-activedescendant", chosen.id);
}

function take(field, item) {
  const at = field.selectionStart;
  const before = field.value.slice(0, at).replace(/@[^\s@]*$/u, `@${item.dataset.insert} `);
  field.value = before + field.value.slice(at);
  field.setSelectionRange(before.length, before.length);
  close();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

addEventListener("input", (event) => {
  if (event.target.matches?.("[data-mentions]")) offer(event.target);
});
addEventListener("keydown", (event) => {
  if (!list || !event.target.matches?.("[data-mentions]") || event.isComposing) return;
  const items = [...list.children];
  const place = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(event.target, place + (event.key === "ArrowDown" ? 1 : -1));
  else if (event.key === "Enter" || event.key === "Tab") take(event.target, items[place]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
addEventListener("mousedown", (event) => {
  const item = event.target.closest?.("#named li");
  if (!item) return;
  event.preventDefault();
  take(list.nextElementSibling, item);
});
addEventListener("focusout", (event) => {
  if (event.target.matches?.("[data-mentions]")) close();
});
