// While a case is open: I am here, I am writing, what I have written so far; and what others do to it.
const { token, $$ } = window.staff;

const $ = (selector, within = document) => within.querySelector(selector);
const work = () => $("#work[data-watch]");
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// --- what I say ------------------------------------------------------------------------------------------------

const HERE = 20_000;
const TYPES = 5_000;
const STOPS = 8_000;
const DRAFT = 1_500;
const unsaved = new Map(); // fields whose text the server does not have yet
let typedAt = 0;
let saidAt = 0;
let timer = 0;

function form(more = {}) {
  const data = new FormData();
  data.set("typing", Date.now() - typedAt < STOPS ? "1" : "0");
  for (const [field, text] of unsaved) {
    data.append("kind", field.dataset.draft.split(":")[1]);
    data.append("body", text);
  }
  for (const [name, value] of Object.entries(more)) data.set(name, value);
  return data;
}

async function say() {
  const place = work();
  if (!place || document.hidden) return;
  saidAt = Date.now();
  const data = form();
  const sent = new Map(unsaved);
  const answer = await fetch(place.dataset.here, { method: "POST", body: data, headers: { "X-CSRFToken": token() } }).catch(() => null);
  if (answer?.ok) for (const [field, text] of sent) if (unsaved.get(field) === text) unsaved.delete(field);
}

function leave(place = work()) {
  if (!place) return;
  const data = form({ gone: "1", csrfmiddlewaretoken: token() });
  navigator.sendBeacon(place.dataset.here, data);
  unsaved.clear();
}

addEventListener("input", (event) => {
  const field = event.target.closest?.("[data-draft]");
  if (!field || !work()?.contains(field)) return;
  typedAt = Date.now();
  unsaved.set(field, field.value);
  clearTimeout(timer);
  timer = setTimeout(say, Date.now() - saidAt > TYPES ? 0 : DRAFT);
});
// What is being sent is no draft any more: it would come back after it was sent. If it can't be sent, it is again.
const fieldsOf = (form) => $$("[data-draft]", form).filter((field) => work()?.contains(field));
addEventListener("submit", (event) => {
  clearTimeout(timer);
  for (const field of fieldsOf(event.target)) unsaved.delete(field);
});
addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) return;
  for (const field of fieldsOf(event.detail.elt)) if (field.value) unsaved.set(field, field.value);
});
addEventListener("sent", () => unsaved.clear()); // the server has it for good
setInterval(() => {
  const since = Date.now() - saidAt;
  const stopped = typedAt && Date.now() - typedAt >= STOPS && saidAt < typedAt + STOPS;
  if (since >= HERE || unsaved.size || stopped) say();
}, 2_000);
addEventListener("pagehide", () => leave());
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : say()));

// --- what others do ------------------------------------------------------------------------------------------------

let waiting = new AbortController();

async function look(place) {
  const url = new URL(place.dataset.watch, location);
  url.searchParams.set("version", place.dataset.version);
  url.searchParams.set("readers", place.dataset.signs ?? "");
  url.searchParams.set("wait", "1");
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: waiting.signal });
  if (!answer.ok) throw new Error(answer.status);
  const told = await answer.json();
  if (!place.isConnected) return 0;
  if (told.people) {
    place.dataset.signs = told.readers;
    tell(told.people);
  }
  const older = () => Number(told.version ?? 0) > Number(place.dataset.version);
  if (older()) await renew(place);
  return older() ? 1 : told.again; // something is being sent: look again soon
}

function tell(people) {
  const words = document.getElementById("words").dataset;
  const place = $("#work [data-readers]"); // not #work itself, which keeps the last answer under this name
  if (!place) return;
  const named = (typing) => people.filter((one) => one.typing === typing).map((one) => one.name).join(", ");
  const texts = [[named(true), words.types, "is-typing"], [named(false), words.reads, ""]];
  place.replaceChildren(...texts.filter(([names]) => names).map(([names, text, kind]) => {
    const badge = document.createElement("span");
    badge.className = `badge is-warn ${kind}`;
    badge.textContent = text.replace("%s", names);
    return badge;
  }));
}

async function renew(place) {
  const answer = await fetch(place.dataset.fresh, { headers: { "HX-Request": "true" }, signal: waiting.signal });
  if (!answer.ok) {
    if (answer.status === 404) $("[data-changed]", place).hidden = false;
    throw new Error(answer.status);
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const newer = page.getElementById("work");
  if (!newer || !place.isConnected || newer.dataset.case !== place.dataset.case) return;
  const people = $("[data-readers]", place);
  window.freshen(place, newer);
  const now = $("[data-readers]", place);
  if (people && now && people !== now) now.replaceWith(people);
}

async function follow() {
  for (;;) {
    const place = work();
    if (!place || document.hidden) {
      await pause(1_000);
      continue;
    }
    try {
      const again = await look(place);
      if (again) await pause(again * 1_000);
    } catch (error) {
      if (error.name === "AbortError") waiting = new AbortController();
      else await pause(5_000);
    }
  }
}

let last = work();
addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "preview") return;
  if (last && last !== work()) leave(last);
  last = work();
  typedAt = 0;
  waiting.abort();
  say();
});
say();
follow();
