// The agent's chats: the list, the conversation, and what is new in both.
import { follow, post } from "./live.js";
import { Talk } from "./talk.js";

const { toast } = window.staff;
const $ = (selector) => document.querySelector(selector);
const rows = $("#rows");
const offline = $("#offline");
const form = $("#write");
const list = $("#lines");
const state = $("#state");
const refused = $("#refused");
const sound = $("#sound");
let mark = form?.dataset.mark ?? "";
let fades = 0;
let known = { unread: 0, waiting: 0 };

function line(text) {
  const item = document.createElement("div");
  item.className = "line is-us";
  item.dataset.pending = "yes";
  const who = document.createElement("p");
  who.className = "line-who";
  who.textContent = `${form.dataset.you} ${form.dataset.sending}`;
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  bubble.dir = "auto";
  bubble.textContent = text;
  item.append(who, bubble);
  return item;
}
line.waits = (item) => (item.querySelector(".line-who").textContent = `${form.dataset.you} ${form.dataset.waiting}`);

const refuse = (text) => {
  refused.textContent = text;
  refused.hidden = !text;
};
const talk = form && new Talk({ list, form, line, refused: refuse });

// --- what is new, in the title and by a sound -------------------------------------------------------------------

const title = document.title;
function count(news) {
  const more = news.unread > known.unread || news.waiting > known.waiting;
  known = { unread: news.unread, waiting: news.waiting };
  const all = news.unread + news.waiting;
  document.title = all ? `${rows.dataset.title.replace("%d", all)} ${title}` : title;
  if (more && sound.checked) beep();
}

let audio = null;
function beep() {
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.25);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
}
sound.checked = localStorage.getItem("chat-sound") === "on";
sound.addEventListener("change", () => {
  localStorage.setItem("chat-sound", sound.checked ? "on" : "off");
  if (sound.checked) beep();
});

// --- following ---------------------------------------------------------------------------------------------------

function settle() {
  if (!form) return;
  const typing = state.querySelector("[data-typing]");
  clearTimeout(fades);
  if (typing && !typing.hidden) fades = setTimeout(() => (typing.hidden = true), 6000);
  const read = Number(state.querySelector("[data-read]")?.dataset.read ?? 0);
  const ours = [...list.querySelectorAll(".is-us[data-id]:not([data-pending])")].filter((item) => item.querySelector(".read"));
  const last = ours.filter((item) => Number(item.dataset.id) <= read).at(-1);
  for (const item of ours) item.querySelector(".read").toggleAttribute("hidden", item !== last);
}

function take(news) {
  if (news.rows !== undefined) {
    rows.dataset.mark = news.list;
    const focused = rows.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
    rows.innerHTML = news.rows;
    for (const link of rows.querySelectorAll(`a[data-chat="${CSS.escape(rows.dataset.chat)}"]`)) link.setAttribute("aria-current", "true");
    if (focused) rows.querySelector(`a[data-chat="${CSS.escape(focused)}"]`)?.focus();
    count(news);
  }
  if (news.state !== undefined) {
    mark = news.mark;
    state.innerHTML = news.state;
    form.hidden = !news.writes;
  }
  if (news.lines && talk) talk.add(news.lines, ".is-us, .is-note");
  settle();
}

const address = () => {
  const query = new URLSearchParams({ list: rows.dataset.mark });
  if (form) {
    query.set("chat", rows.dataset.chat);
    query.set("after", talk.last);
    query.set("mark", mark);
  }
  if (document.hidden) query.set("hidden", "");
  return `${rows.dataset.wait}?${query}`;
};
settle();
known.unread = rows.querySelectorAll(".badge.is-bad").length;
known.waiting = rows.querySelectorAll("form").length;
const live = follow(address, take, (yes) => (offline.hidden = !yes));
document.addEventListener("visibilitychange", () => document.hidden || live.again());

// --- buttons -----------------------------------------------------------------------------------------------------

addEventListener("submit", async (event) => {
  const acts = event.target;
  if (acts === form || acts.method !== "post" || !acts.matches("#rows form, [data-acts]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const buttons = acts.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await post(acts.action, new FormData(acts));
    const taken = acts.closest(".chats-row")?.querySelector("[data-chat]");
    if (taken) location.assign(taken.href);
    else {
      const menu = acts.closest("details");
      if (menu) menu.open = false;
    }
  } catch (error) {
    if (acts.closest("#rows")) toast(error.refused || String(error.message), "error");
    else refuse(error.refused || String(error.message));
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}, true);

form?.querySelector("input[type=file]").addEventListener("change", (event) => {
  $("#chosen").textContent = [...event.target.files].map((file) => file.name).join(", ");
});
