// The member's chat.
import { follow, post } from "./live.js";
import { Talk, counter } from "./talk.js";

const form = document.getElementById("write");
const list = document.getElementById("lines");
const state = document.getElementById("state");
const offline = document.getElementById("offline");
const refused = document.getElementById("refused");
let mark = form.dataset.mark;
let ended = form.hidden;
let fades = 0;

function line(text) {
  const item = document.createElement("li");
  item.className = "mine";
  item.dataset.pending = "yes";
  const who = document.createElement("p");
  who.className = "who";
  who.textContent = `${form.dataset.you} · ${form.dataset.sending}`;
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  bubble.dir = "auto";
  bubble.textContent = text;
  item.append(who, bubble);
  return item;
}
line.waits = (item) => (item.querySelector(".who").textContent = `${form.dataset.you} · ${form.dataset.waiting}`);

line.sent = (item) => (item.querySelector(".who").textContent = form.dataset.you);

const talk = new Talk({
  list,
  form,
  line,
  refused: (text) => {
    refused.textContent = text;
    refused.hidden = !text;
  },
});
const unseen = counter(form);

function settle() {
  const typing = state.querySelector("[data-typing]");
  clearTimeout(fades);
  if (typing && !typing.hidden) fades = setTimeout(() => (typing.hidden = true), 6000);
  const read = Number(state.querySelector("[data-read]")?.dataset.read ?? 0);
  const mine = [...list.querySelectorAll(".mine[data-id]:not([data-pending])")];
  const last = mine.filter((item) => Number(item.dataset.id) <= read).at(-1);
  for (const item of mine) item.querySelector(".read")?.toggleAttribute("hidden", item !== last);
}

function take(news) {
  if (news.lines) unseen(talk.add(news.lines, ".mine"));
  if (news.mark !== undefined) {
    mark = news.mark;
    if (!state.querySelector("details[open]") || news.ended) state.innerHTML = news.state;
    ended = news.ended;
    form.hidden = ended;
  }
  settle();
  if (ended) {
    live.stop();
    localStorage.removeItem(form.dataset.draft);
  }
}

const address = () => {
  const query = new URLSearchParams({ after: talk.last, mark });
  if (document.hidden) query.set("hidden", "");
  return `${form.dataset.wait}?${query}`;
};

settle();
const live = ended ? { stop() {}, again() {} } : follow(address, take, (yes) => (offline.hidden = !yes));
document.addEventListener("visibilitychange", () => document.hidden || live.again());

// "This helped" and "Talk to a person" without leaving the page.
state.addEventListener("submit", (event) => {
  const acts = event.target.closest("[data-acts]");
  if (!acts) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  for (const button of acts.querySelectorAll("button")) button.disabled = true;
  post(acts.action, new FormData(acts)).catch(() => {
    for (const button of acts.querySelectorAll("button")) button.disabled = false;
  });
}, true);
