// The desk's list: moving through it, what is new, rows kept up to date in place, selecting many.
const { every } = window.staff;

const $ = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("#rows > .row > a")];
const wide = matchMedia("(min-width: 761px)");
const current = () => $("#rows a[aria-current]");

// --- moving ------------------------------------------------------------------------------------------------------

function mark(link) {
  current()?.removeAttribute("aria-current");
  if (!link) return;
  link.setAttribute("aria-current", "true");
  link.scrollIntoView({ block: "nearest" });
  const id = link.closest(".row").dataset.id;
  const field = $("[data-current]");
  if (field) field.value = id;
  const url = new URL(location);
  url.searchParams.set("case", id);
  history.replaceState(null, "", url);
}

// While the case in hand is on its way, the one shown is another: it takes no clicks, and a key waits.
let coming = null;
let held = "";

function await_(link) {
  const preview = $("#preview");
  if (!preview || !wide.matches || coming === link) return;
  coming = link;
  held = "";
  preview.inert = true;
}

function arrived() {
  const key = held;
  coming = null;
  held = "";
  $("#preview").inert = false;
  if (key) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

addEventListener("htmx:afterSettle", (event) => {
  if (coming && event.detail.requestConfig?.elt === coming) arrived();
});
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  addEventListener(failure, (event) => {
    if (!coming || event.detail.requestConfig?.elt !== coming) return;
    held = "";
    arrived();
  });
}

let timer = 0;
function go(step) {
  const all = rows();
  const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + step))];
  if (!next || next === current()) return;
  mark(next);
  await_(next);
  clearTimeout(timer); // who holds the key down reads only the last
  timer = setTimeout(() => htmx.trigger(next, "click"), 90);
}

addEventListener("click", (event) => {
  const link = event.target.closest("#rows > .row > a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (wide.matches) {
    mark(link);
    await_(link);
  } else {
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(link.dataset.open);
  }
}, true);

addEventListener("keydown", (event) => {
  const busy = event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]");
  if (busy || event.target.closest("input:not([type=checkbox]), textarea, select, button, summary, [role=tab]")) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") go(key === "j" ? 1 : -1);
  else if (key === "enter" && current() && !event.target.closest("a:not([data-open])")) location.assign(current().dataset.open);
  else if (key === "x" && current()) pick(current().previousElementSibling, !current().previousElementSibling.checked);
  else if (/^[1-9]$/.test(key)) $(`[data-go="${key}"]`)?.click();
  else if (coming && /^[a-z]$/.test(key)) held = key;
  else return;
  event.preventDefault();
});

for (const form of document.querySelectorAll("[data-autosubmit]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) return;
    for (const field of form.elements) if (field.value === "" || field.matches("[data-select-all]")) field.disabled = true;
    form.submit();
  });
}

// --- selecting many --------------------------------------------------------------------------------------------------

const boxes = () => [...document.querySelectorAll("[data-select]")];
const bar = $("[data-selected]");
let last = null;

function pick(box, on) {
  box.checked = on;
  last = box;
  count();
}

function count() {
  const chosen = boxes().filter((box) => box.checked);
  bar.hidden = chosen.length === 0;
  bar.elements.cases.value = chosen.map((box) => box.value).join(",");
  const text = bar.querySelector("[data-text]");
  text.textContent = text.dataset.text.replace("%s", chosen.length);
  const all = $("[data-select-all]");
  if (all) all.checked = chosen.length > 0 && chosen.length === boxes().length;
  document.documentElement.classList.toggle("is-picking", chosen.length > 0);
}

addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-select]");
  if (box) {
    const all = boxes();
    if (event.shiftKey && last && last !== box) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, two) => one - two);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    pick(box, box.checked);
  } else if (event.target.matches?.("[data-select-all]")) {
    for (const one of boxes()) one.checked = event.target.checked;
    count();
  } else if (event.target.closest?.("[data-select-none]")) {
    for (const one of boxes()) one.checked = false;
    count();
  }
});

// --- what is new -------------------------------------------------------------------------------------------------------

const list = $("[data-news]");
if (list) {
  const news = $("[data-news-bar]");
  const title = document.title;
  const found = new Map();
  let since = list.dataset.since;
  every(12, async () => {
    const url = new URL(list.dataset.news, location);
    url.searchParams.set("since", since);
    const shown = [...document.querySelectorAll("#rows > .row")].slice(0, 200);
    url.searchParams.set("rows", shown.map((row) => `${row.dataset.id}:${row.dataset.version}`).join(","));
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const told = await answer.json();
    since = told.since;
    for (const [view, number] of Object.entries(told.counts)) {
      for (const place of document.querySelectorAll(`[data-count="${view}"]`)) place.textContent = number;
    }
    for (const [id, html] of Object.entries(told.rows)) renew(id, html);
    if ("quiet" in list.dataset) return;
    for (const [id, version] of Object.entries(told.news)) found.set(id, version);
    const fresh = [...found.keys()].filter((id) => !document.getElementById(`row-${id}`)).length;
    news.hidden = fresh === 0;
    const text = news.querySelector("[data-text]");
    text.textContent = text.dataset.text.replace("%s", fresh);
    document.title = fresh ? `(${fresh}) ${title}` : title;
  });
}

// A row as it is now, in its place: what is selected stays selected, and nothing jumps.
function renew(id, html) {
  const row = document.getElementById(`row-${id}`);
  if (!row || row.contains(document.activeElement)) return;
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const newer = holder.content.firstElementChild;
  newer.querySelector("[data-select]").checked = row.querySelector("[data-select]").checked;
  if (row.querySelector("a[aria-current]")) newer.querySelector("a").setAttribute("aria-current", "true");
  newer.classList.add("is-fresh");
  row.replaceWith(newer);
  htmx.process(newer);
}
