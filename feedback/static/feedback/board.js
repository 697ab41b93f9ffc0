// The board goes on by itself: every ten seconds, where it stands, with the focus where it was.

const SECONDS = 10;

async function refresh() {
  if (!getSelection().isCollapsed) return; // somebody is copying something
  const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (answer.redirected) {
    location.reload(); // the session has ended: sign in again
    return;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  window.htmx.swap("#live", await answer.text(), { swapStyle: "outerHTML" });
}

window.staff.every(SECONDS, refresh);
