// The desk and the case page: moving through the list, what is new, files, the thread's end.
const { every, open } = window.staff;

const $ = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("#rows > .row > a")];
const wide = matchMedia("(min-width: 761px)");

// --- the list ------------------------------------------------------------------------------------------------

const current = () => $("#rows a[aria-current]");

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

let timer = 0;
function go(step) {
  const all = rows();
  const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + step))];
  if (!next || next === current()) return;
  mark(next);
  clearTimeout(timer); // who holds the key down reads only the last
  timer = setTimeout(() => htmx.trigger(next, "click"), 90);
}

addEventListener("click", (event) => {
  const link = event.target.closest("#rows > .row > a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (wide.matches) mark(link);
  else {
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(link.dataset.open);
  }
}, true);

addEventListener("keydown", (event) => {
  const busy = event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]");
  if (busy || event.target.closest("input, textarea, select, button, summary, [role=tab]")) return;
  const key = event.key.toLowerCase();
  if ((key === "j" || key === "k") && $("#rows")) {
    event.preventDefault();
    go(key === "j" ? 1 : -1);
  } else if (key === "enter" && current() && !event.target.closest("a:not([data-open])")) {
    event.preventDefault();
    location.assign(current().dataset.open);
  }
});

for (const form of document.querySelectorAll("[data-autosubmit]")) {
  form.addEventListener("change", () => {
    for (const field of form.elements) if (field.value === "") field.disabled = true;
    form.submit();
  });
}

// --- what is new -----------------------------------------------------------------------------------------------

const list = $("[data-news]");
if (list) {
  const bar = $("[data-news-bar]");
  const title = document.title;
  const found = new Map();
  let since = list.dataset.since;
  every(12, async () => {
    const url = new URL(list.dataset.news, location);
    url.searchParams.set("since", since);
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const told = await answer.json();
    since = told.since;
    for (const [view, count] of Object.entries(told.counts)) {
      for (const place of document.querySelectorAll(`[data-count="${view}"]`)) place.textContent = count;
    }
    if ("quiet" in list.dataset) return;
    for (const [id, version] of Object.entries(told.news)) found.set(id, version);
    const known = (id, version) => Number(document.getElementById(`row-${id}`)?.dataset.version) >= version;
    const fresh = [...found].filter(([id, version]) => !known(id, version)).length;
    bar.hidden = fresh === 0;
    const text = bar.querySelector("[data-text]");
    text.textContent = text.dataset.text.replace("%s", fresh);
    document.title = fresh ? `(${fresh}) ${title}` : title;
  });
}

every(15, async () => {
  const work = $("#work[data-watch]");
  if (!work) return;
  const answer = await fetch(work.dataset.watch, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const told = await answer.json();
  if (work.isConnected && told.version > Number(work.dataset.version)) work.querySelector("[data-changed]").hidden = false;
});

// --- one case ----------------------------------------------------------------------------------------------------

addEventListener("change", (event) => {
  if (!event.target.matches("[data-files]")) return;
  const names = [...event.target.files].map((file) => file.name);
  event.target.form.querySelector("[data-files-chosen]").textContent = names.join("、");
});

function show() {
  const thread = $("[data-bottom]");
  if (thread) thread.scrollTop = thread.querySelector(".is-new")?.offsetTop ?? thread.scrollHeight;
  const again = $("dialog[data-again]");
  if (again) open(again.id);
}

addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "preview") show();
});
// pictures come later and push the end down
addEventListener("load", (event) => {
  if (event.target.matches?.(".thread img")) event.target.closest(".thread").scrollTop = 1e9;
}, true);
show();
