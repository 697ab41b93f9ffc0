// What every lean page of the staff does: clocks that run, keys, dialogs, toasts, sending. Drafts: drafts.js.
// No page needs it for its work: forms and links do without.

const root = document.documentElement;
const words = document.getElementById("words").dataset;
const offset = Number(root.dataset.now) - Date.now();
const now = () => Date.now() + offset;
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- time ------------------------------------------------------------------------------------------------

const say = (word, value) => word.replace(/%[sd]/, value);

function span(milliseconds) {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const parts = [];
  if (days) parts.push(say(words.day, days), hours && say(words.hour, hours));
  else if (hours) parts.push(say(words.hour, hours), minutes && say(words.minute, minutes));
  else if (minutes) parts.push(say(words.minute, minutes));
  else parts.push(say(words.second, seconds));
  return parts.filter(Boolean).join(" ");
}

// A running clock carries in milliseconds where its bar begins, when it turns, and when it is due.
function tick() {
  const moment = now();
  for (const clock of $$("[data-due]")) {
    const [from, warn, due] = ["from", "warn", "due"].map((name) => Number(clock.dataset[name]));
    const left = due - moment;
    const state = left <= 0 ? "is-breached" : moment >= warn ? "is-warned" : "is-ok";
    if (!clock.classList.contains(state)) {
      clock.classList.remove("is-ok", "is-warned", "is-breached");
      clock.classList.add(state);
    }
    const text = say(left <= 0 ? words.late : words.left, span(left));
    const place = clock.querySelector("[data-left]");
    if (place && place.textContent !== text) place.textContent = text;
    const bar = clock.querySelector("progress");
    if (bar) bar.value = left <= 0 ? 100 : ((moment - from) / (due - from)) * 100;
  }
}

// --- tables whose rows become cards on a narrow window: each cell says what it is -----------------------------

function nameCells(within = document) {
  for (const table of $$(".table.stacks:not(.is-named)", within)) {
    const heads = $$("thead th, thead td", table).map((head) => head.querySelector(".visually-hidden") ? "" : head.textContent.trim());
    for (const row of $$("tbody tr, tfoot tr", table)) {
      [...row.cells].forEach((cell, place) => {
        if (place && heads[place]) cell.dataset.name = heads[place];
      });
    }
    table.classList.add("is-named");
  }
}

// --- toasts ----------------------------------------------------------------------------------------------

const toasts = document.querySelector(".toasts");

function toast(text, tone = "success") {
  const line = document.createElement("p");
  line.className = `toast is-${tone}`;
  line.textContent = text;
  toasts.append(line);
  fade(line);
}

function fade(line) {
  if (!line.matches(".is-error, .is-warning")) setTimeout(() => line.remove(), 6000);
}

// --- keys: what can be pressed says so with data-key ---------------------------------------------------------

const typing = (element) => element.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const visible = (element) => element.getClientRects().length > 0;

function press(element) {
  if (element.matches("input, textarea, select")) {
    element.focus();
    element.select?.();
  } else element.click();
}

addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey && event.key !== "Enter" || event.metaKey && event.key !== "Enter" || event.altKey) return;
  const field = typing(event.target);
  if (event.key === "Escape" && field && !event.target.closest("dialog")) {
    event.target.blur();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const button = event.target.form?.querySelector("[data-send]");
    if (button) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  if (field || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    open("keys");
    return;
  }
  const key = event.key.toLowerCase();
  const target = $$(`[data-key="${CSS.escape(key)}"]`).find((element) => visible(element) && !element.disabled && !element.closest("[inert]"));
  if (target) {
    event.preventDefault();
    press(target);
  }
});

// --- dialogs, tabs; menus: menus.js ------------------------------------------------------------------------------------

function open(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

function choose(tab) {
  for (const other of $$("[role=tab]", tab.closest("[role=tablist]"))) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    panel?.toggleAttribute("data-hidden", !chosen);
  }
}

addEventListener("click", (event) => {
  const of = (selector) => event.target.closest(selector);
  const opener = of("[data-opens]");
  const theme = of("[data-theme]");
  const tab = of("[role=tab][aria-controls]");
  if (opener) {
    event.preventDefault();
    open(opener.dataset.opens);
  } else if (of("[data-closes]")) of("dialog").close();
  else if (of("[data-dismiss]")) of("[data-dismiss]").parentElement.remove();
  else if (theme) setTheme(theme.dataset.theme);
  else if (tab) {
    choose(tab);
    const field = document.getElementById(tab.getAttribute("aria-controls"))?.querySelector("textarea");
    if (field) field.focus();
  } else if (event.target.matches("dialog")) event.target.close();
});

addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab]");
  if (tab && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    const tabs = $$("[role=tab]", tab.closest("[role=tablist]"));
    const next = tabs[(tabs.indexOf(tab) + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
    choose(next);
    next.focus();
  }
});

function setTheme(theme) {
  localStorage.setItem("adminTheme", JSON.stringify(theme));
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.toggle("dark", dark);
  markTheme();
}

function markTheme() {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
  } catch {
    // the system's
  }
  for (const button of $$("[data-theme]")) button.setAttribute("aria-pressed", button.dataset.theme === theme);
}

// --- sending: once, and nothing is lost when it fails ----------------------------------------------------------

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.method === "get") return;
  if (form.dataset.busy) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.busy = "1";
  for (const button of $$("button:not([type=button])", form)) button.setAttribute("aria-busy", "true");
}, true);

function rest(within = document) {
  for (const form of $$("form[data-busy]", within)) {
    delete form.dataset.busy;
    for (const button of $$("[aria-busy]", form)) button.removeAttribute("aria-busy");
  }
}

addEventListener("pageshow", () => rest());
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  addEventListener(failure, () => {
    rest();
    toast(words.failed, "error");
  });
}
addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 404) toast(words.failed, "error");
});
addEventListener("htmx:beforeSwap", (event) => {
  if (!new URL(event.detail.xhr.responseURL || location).pathname.endsWith("/login/")) return;
  event.detail.shouldSwap = false; // the session has ended: sign in again, then everything is back
  location.reload();
});
addEventListener("htmx:afterRequest", () => rest());
addEventListener("htmx:afterSwap", (event) => {
  nameCells();
  settle(event.detail.elt);
});
addEventListener("toast", (event) => toast(event.detail.value ?? event.detail.text, event.detail.tone));

// Run `poll` every `seconds` while somebody looks, at once when they come back.
function every(seconds, poll) {
  let timer = 0;
  const loop = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      await poll();
      document.querySelector("[data-offline]")?.setAttribute("hidden", "");
    } catch {
      document.querySelector("[data-offline]")?.removeAttribute("hidden");
    }
    timer = setTimeout(loop, seconds * 1000);
  };
  document.addEventListener("visibilitychange", loop);
  timer = setTimeout(loop, seconds * 1000);
}

// A dialog that comes with an answer opens at once; what it has sent elsewhere closes it.
function present(within) {
  for (const dialog of $$("dialog[data-now]", within)) {
    if (!dialog.open) dialog.showModal();
    choices(dialog);
  }
}

// Fields that belong to one choice show only with it.
function choices(within) {
  for (const chooser of $$("[data-chooses]", within)) {
    for (const field of $$("[data-for]", chooser.form)) {
      const fits = field.dataset.for.split(" ").includes(chooser.value);
      field.toggleAttribute("hidden", !fits);
      for (const input of $$("input, select, textarea", field)) input.disabled = !fits;
    }
  }
}

addEventListener("change", (event) => {
  if (event.target.matches("[data-chooses]")) choices(event.target.closest("dialog, form"));
  if (event.target.matches("[data-fills]") && event.target.value) {
    document.getElementById(event.target.dataset.fills).value = event.target.value;
  }
});

addEventListener("click", (event) => {
  const mover = event.target.closest?.("[data-move]");
  if (mover) {
    const item = mover.closest("li");
    const other = mover.dataset.move === "1" ? item.nextElementSibling : item.previousElementSibling;
    if (other) mover.dataset.move === "1" ? other.after(item) : other.before(item);
    mover.focus();
  }
  if (event.target.closest?.("[data-reload]")) {
    event.preventDefault();
    location.reload();
  }
});

addEventListener("htmx:afterRequest", (event) => {
  const dialog = event.detail.elt.closest?.("#dialog dialog[open]");
  if (dialog && event.detail.successful && event.detail.target?.id !== "dialog") dialog.close();
});

function settle(within) {
  present(within);
  tick();
  const focus = within.querySelector?.("[autofocus]");
  if (focus) focus.focus();
}

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

window.staff = { every, open, toast, span, now, token, $$ }; // for the scripts beside this one

for (const line of $$(".toast")) fade(line);
markTheme();
present(document);
tick();
nameCells();
setInterval(tick, 1000);
