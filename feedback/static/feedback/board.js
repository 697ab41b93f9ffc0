// The board goes on by itself: as soon as something happened, and every little while since the time goes on.
// It stays where it stands, with the focus where it was, and rests while nobody looks.
import { follow } from "./live.js";

const offline = document.querySelector("[data-offline]");
let line = null;

async function refresh() {
  if (!getSelection().isCollapsed) return; // somebody is copying something
  try {
    const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
    if (answer.redirected) {
      location.reload(); // the session has ended: sign in again
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    window.htmx.swap("#live", await answer.text(), { swapStyle: "outerHTML" });
  } catch {
    offline.hidden = false;
  }
}

function address() {
  const { wait, seen } = document.getElementById("live").dataset;
  return `${wait}?seen=${seen}`;
}

function watch() {
  line?.stop();
  line = document.hidden ? null : follow(address, refresh, (is) => (offline.hidden = !is));
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
  watch();
});
watch();
