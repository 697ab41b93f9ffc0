// One case: files, the thread's end, and what is new put in without moving what is read or typed.
const { open, toast, $$ } = window.staff;

const $ = (selector, within = document) => within.querySelector(selector);
const END = 60; // as near to the end counts as being there

addEventListener("change", (event) => {
  if (!event.target.matches("[data-files]")) return;
  const names = [...event.target.files].map((file) => file.name);
  $("[data-files-chosen]", event.target.form).textContent = names.join(", ");
});

function show() {
  const thread = $("[data-bottom]");
  if (thread) thread.scrollTop = $(".is-new", thread)?.offsetTop ?? thread.scrollHeight;
  const again = $("dialog[data-again]");
  if (again) open(again.id);
  const merged = $("#work")?.dataset.merged;
  if (merged) document.getElementById(`row-${merged}`)?.remove();
}

// A reply that was held back comes back with its text; the files chosen are put back here.
let chosen = null;
addEventListener("htmx:beforeSwap", (event) => {
  chosen = event.detail.target.id === "preview" && event.detail.xhr.status >= 400 ? $("[data-files]", event.detail.target)?.files : null;
});
addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "preview") return;
  const field = $("[data-files]", event.detail.target);
  if (chosen?.length && field) {
    field.files = chosen;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  chosen = null;
  show();
});
addEventListener("click", (event) => {
  const clash = event.target.closest?.("[data-goes-on]")?.closest("[data-clash]");
  if (!clash) return;
  const field = $("textarea[name=body]", clash.parentElement);
  clash.remove();
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
});
// pictures come later and push the end down
addEventListener("load", (event) => {
  if (event.target.matches?.(".thread img")) event.target.closest(".thread").scrollTop = 1e9;
}, true);

const sending = (work) => work.querySelector("form[data-busy]") !== null; // its answer brings everything
const quiet = (element) => !element.contains(document.activeElement) && !$("dialog[open]", element);
const empty = (element) => $$("textarea", element).every((field) => field.value === "");

// Put a newer state of the case into the page: new lines at the end, the head as it is now. Whoever reads
// further up stays there, and the field in which somebody types is left alone.
function freshen(work, newer) {
  if (sending(work)) return;
  const thread = $(".thread", work);
  const from = $(".thread", newer);
  if (thread && from) {
    const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < END;
    const lines = [...from.children].filter((line) => line.id && !document.getElementById(line.id));
    if (lines.length) $(".empty", thread)?.remove();
    for (const line of lines) line.classList.add("is-fresh");
    thread.append(...lines);
    htmx.process(thread);
    if (atEnd) thread.scrollTop = thread.scrollHeight;
    else if (lines.length) below(thread);
  }
  for (const part of ["#work-head", ".doubles", ".composer"]) {
    const [old, fresh] = [$(part, work), $(part, newer)];
    const same = part === ".composer" && work.dataset.may === newer.dataset.may;
    if (!old || !fresh || same) continue;
    if (quiet(old) && (part !== ".composer" || empty(old))) {
      old.replaceWith(fresh);
      htmx.process(fresh);
    } else if (part === ".composer") $("[data-changed]", work).hidden = false;
  }
  for (const name of ["version", "seen", "told"]) {
    const value = $(`input[name=${name}]`, newer)?.value;
    if (value) for (const field of $$(`input[name=${name}]`, work)) field.value = value;
  }
  work.dataset.version = newer.dataset.version;
  work.dataset.may = newer.dataset.may;
}

function below(thread) {
  const button = $("[data-below]", thread.parentElement);
  if (button) button.hidden = false;
}

addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-below]");
  if (!button) return;
  const thread = $(".thread", button.parentElement);
  thread.scrollTop = thread.scrollHeight;
  button.hidden = true;
});
addEventListener("scroll", (event) => {
  const thread = event.target;
  if (!thread.matches?.(".thread") || thread.scrollHeight - thread.scrollTop - thread.clientHeight > END) return;
  const button = $("[data-below]", thread.parentElement);
  if (button) button.hidden = true;
}, true);

window.freshen = freshen;
show();
