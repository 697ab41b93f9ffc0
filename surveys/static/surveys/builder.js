// The builder of questionnaires: moving by drag or keys, more choices, filling in, and the preview beside it.
// Without it everything is done by the forms and links that stand there.

const { $$, toast } = window.staff;
const bench = document.getElementById("bench");
const by = (id) => document.getElementById(id);
const changed = (form) => form?.dispatchEvent(new Event("change", { bubbles: true }));

// --- moving ------------------------------------------------------------------------------------------------

addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const row = event.target.closest?.("[data-moves]");
  if (!row) return;
  event.preventDefault();
  const button = by(`${event.key === "ArrowUp" ? "up" : "down"}-${row.dataset.moves}`);
  if (button && !button.disabled) button.click();
});

let dragged = null;
const isSection = (row) => row.dataset.drag.startsWith("section.");

bench.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-drag]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.drag);
  dragged.classList.add("is-dragged");
});

// Where something would be put: its new section, and before which row.
function aim(event) {
  if (!dragged) return null;
  const part = event.target.closest?.("[data-part]");
  if (!part) return null;
  if (isSection(dragged)) {
    const own = dragged.closest("[data-part]");
    return part === own || !part.dataset.part ? null : { mark: part, before: part.dataset.part };
  }
  const rows = $$("[data-drag^='question.']", part).filter((row) => row !== dragged);
  const next = rows.find((row) => event.clientY < row.getBoundingClientRect().top + row.offsetHeight / 2);
  return { mark: next ?? part, section: part.dataset.part, before: next?.dataset.drag.split(".")[1] ?? "" };
}

function unmark() {
  for (const one of $$(".is-aim", bench)) one.classList.remove("is-aim");
}

bench.addEventListener("dragover", (event) => {
  unmark();
  const to = aim(event);
  if (!to) return;
  event.preventDefault();
  to.mark.classList.add("is-aim");
});

bench.addEventListener("drop", (event) => {
  const to = aim(event);
  unmark();
  if (!to) return;
  event.preventDefault();
  const form = by("moves");
  htmx.ajax("POST", form.action, {
    source: form,
    target: "#builder",
    select: "#builder",
    swap: "outerHTML show:none",
    values: { do: `place.${dragged.dataset.drag}`, section: to.section ?? "", before: to.before },
  });
});

bench.addEventListener("dragend", () => {
  unmark();
  dragged?.classList.remove("is-dragged");
  dragged = null;
});

// --- choices, and what can be filled in ----------------------------------------------------------------------

function another(button) {
  const list = button.closest("[data-rows]").querySelector("ol");
  const last = list.lastElementChild;
  const row = last.cloneNode(true);
  const places = $$("li [name$='-text']", list).map((field) => Number(field.name.split("-")[1]));
  const place = Math.max(...places) + 1;
  const codes = new Set($$(".is-code", list).map((field) => field.value));
  let code = 1;
  while (codes.has(`c${code}`)) code += 1;
  for (const field of $$("input, button", row)) {
    for (const name of ["name", "id"]) {
      if (field[name]) field[name] = field[name].replace(/^choice-\d+/, `choice-${place}`);
    }
    if (field.type === "checkbox") field.checked = false;
    else if (field.matches("input")) field.value = field.matches(".is-code") ? `c${code}` : "";
  }
  list.append(row);
  row.querySelector("input").focus();
}

let typedIn = null;
bench.addEventListener("focusin", (event) => {
  if (event.target.matches("#edit :is(textarea, input:not([type]), input[type=text])")) typedIn = event.target;
});

function insert(place) {
  const field = typedIn?.isConnected ? typedIn : document.querySelector("#edit textarea, #edit input[type=text]");
  if (!field) return;
  field.setRangeText(place, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  changed(field);
}

addEventListener("click", (event) => {
  const of = (selector) => event.target.closest?.(selector);
  if (of("[data-add-choice]")) another(of("[data-add-choice]"));
  else if (of("[data-insert]")) insert(of("[data-insert]").dataset.insert);
  else if (of(".bench-choice [data-move]")) changed(of("#edit"));
  else if (of("[data-frame]")) choose(of("[data-frame]"), "frame");
  else if (of("[data-language]")) choose(of("[data-language]"), "language");
  else if (of("[data-again]")) look();
});

// The condition is drawn anew after each saving, since what can be asked about depends on what was chosen. What
// was chosen while that was on its way stays, and is saved next.
const chosen = () => JSON.stringify($$("#conditions :is(select, input)").map((field) => [field.value, field.checked]));
let sent = "";

addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "edit") sent = chosen();
});
addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id === "conditions" && chosen() !== sent) event.preventDefault();
});

// What stands there is about to go: what was typed into it until something else is there would be lost.
function hold(event, held) {
  const form = by("edit");
  if (event.detail.target?.id === "builder" && form && !form.contains(document.activeElement)) form.inert = held;
}

addEventListener("htmx:beforeRequest", (event) => hold(event, true));
addEventListener("htmx:afterRequest", (event) => hold(event, false));

// --- the preview ---------------------------------------------------------------------------------------------

const shown = { frame: "phone", language: document.documentElement.lang.startsWith("en") ? "en" : "zh-hans" };

function choose(button, what) {
  shown[what] = button.dataset[what];
  look();
}

function look(at = "") {
  const frame = document.querySelector("[data-preview]");
  if (!frame) return;
  for (const what of ["frame", "language"]) {
    for (const button of $$(`[data-${what}]`)) button.setAttribute("aria-pressed", button.dataset[what] === shown[what]);
  }
  document.querySelector("[data-frames]").className = `bench-frame is-${shown.frame}`;
  const query = new URLSearchParams({ lang: shown.language });
  if (at) query.set("at", at);
  for (const field of $$("[data-known] select")) if (field.value) query.append("known", `${field.name}:${field.value}`);
  frame.dataset.at = at;
  frame.contentWindow.location.replace(`${frame.dataset.preview}?${query}`);
}

// Bring what is edited into sight within the frame, without moving the page around it.
addEventListener("load", (event) => {
  const frame = event.target;
  if (!frame.matches?.("[data-preview]") || !frame.dataset.at) return;
  const within = frame.contentDocument;
  const place = within?.getElementById(`q-${frame.dataset.at}`);
  if (place && !place.hidden) within.scrollingElement.scrollTop = place.getBoundingClientRect().top - 12;
  frame.dataset.at = "";
}, true);

const edited = () => document.querySelector("#edit [name=code]")?.value ?? "";
addEventListener("kept", () => look(edited()));
addEventListener("change", (event) => {
  if (event.target.closest?.("[data-known]")) look();
});
addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "builder" || event.detail.elt?.id === "builder") look(edited());
});
addEventListener("htmx:sendError", () => toast(by("words").dataset.failed, "error"));
look(edited());
