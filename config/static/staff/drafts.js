// Whatever is typed is kept in the browser until the server has it; reading.js keeps it on the server too.
const { now, $$ } = window.staff;

const WEEK = 7 * 86_400_000;
const user = document.documentElement.dataset.user;
const nameOf = (field) => `draft:${user}:${field.dataset.draft}`;

function stored(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(field) {
  const name = nameOf(field);
  try {
    if (field.value.trim() === "") localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify({ text: field.value, at: now() }));
  } catch {
    // storage is full or switched off: the text is still in the field
  }
}

// The newer of two drafts counts: this browser's, or the one that the server had from wherever.
function restore(within) {
  for (const field of $$("[data-draft]", within)) {
    const name = nameOf(field);
    const draft = stored(name);
    if (!draft) continue;
    if (now() - draft.at > WEEK) localStorage.removeItem(name);
    else if (field.value === "" || Number(field.dataset.draftAt) < draft.at) {
      field.value = draft.text;
      field.dispatchEvent(new CustomEvent("draft", { bubbles: true }));
    }
  }
}

const forget = (key) => localStorage.removeItem(`draft:${user}:${key}`);

addEventListener("input", (event) => {
  if (event.target.matches?.("[data-draft]")) keep(event.target);
});
addEventListener("sent", (event) => forget(event.detail.value));
addEventListener("htmx:afterSwap", (event) => restore(event.detail.elt));

const sent = new URLSearchParams(location.search).get("sent");
if (sent) {
  forget(sent);
  const clean = new URL(location);
  clean.searchParams.delete("sent");
  history.replaceState(null, "", clean);
}
restore(document);
