// Asking again and again for what is new. The server answers as soon as there is something; where it cannot
// wait, it answers at once and says after how many seconds to ask again.

const LONGEST = 60_000; // an answer that takes longer will not come
const BACKOFF = [1, 2, 4, 8, 15];
const pause = (seconds, wake) => new Promise((done) => {
  const timer = setTimeout(done, seconds * 1000);
  wake(() => {
    clearTimeout(timer);
    done();
  });
});

// `address()` says what to ask now, `take(news)` shows what came. `offline(yes)` is told of the connection.
export function follow(address, take, offline) {
  let wake = () => {};
  let control = null;
  let stopped = false;
  let failed = 0;
  const loop = async () => {
    while (!stopped) {
      let after = 0;
      control = new AbortController();
      const timer = setTimeout(() => control.abort(), LONGEST);
      try {
        const answer = await fetch(address(), { headers: { Accept: "application/json" }, signal: control.signal });
        if (answer.redirected || [401, 403, 404].includes(answer.status)) {
          location.reload(); // signed out, or no longer mine
          return;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        const news = await answer.json();
        failed = 0;
        offline(false);
        take(news);
        after = news.again || 0;
      } catch (error) {
        if (control.signal.reason === "again") continue;
        offline(true);
        after = BACKOFF[Math.min(failed++, BACKOFF.length - 1)] * (0.8 + Math.random() * 0.4);
      } finally {
        clearTimeout(timer);
      }
      if (after) await pause(after, (call) => (wake = call));
    }
  };
  addEventListener("online", () => wake());
  addEventListener("offline", () => control?.abort()); // an answer that is waited for would never come
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  loop();
  return {
    again: () => {
      control?.abort("again");
      wake();
    },
    stop: () => {
      stopped = true;
      control?.abort("again");
      wake();
    },
  };
}

// Post a form's content; gives the answer, or throws: `refused` is set where trying again is of no use.
export async function post(url, body) {
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.redirected) {
    location.reload();
    throw new Error("signed out");
  }
  if (answer.ok) return answer.status === 204 ? {} : answer.json();
  const error = new Error(String(answer.status));
  if (answer.status < 500 && ![408, 429].includes(answer.status)) {
    const told = await answer.json().catch(() => ({}));
    error.refused = told.error || String(answer.status);
    error.code = told.code;
  }
  throw error;
}
