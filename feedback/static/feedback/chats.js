// The agent's chats: the list, the conversations beside each other, and what is new in all of them.
import { Column } from "./column.js";
import { follow, post } from "./live.js";

const { toast } = window.staff;
const $ = (selector) => document.querySelector(selector);
const rows = $("#rows");
const offline = $("#offline");
const sound = $("#sound");
const columns = [...document.querySelectorAll("[data-talk]")].map((section) => new Column(section));
const find = (chat) => columns.find((one) => one.chat === String(chat));
const active = () => columns.find((one) => one.isActive);
let known = { unread: 0, waiting: 0 };

// --- which conversation has the keys --------------------------------------------------------------------------

function activate(column, { write = false } = {}) {
  if (!column) return;
  const changed = !column.isActive;
  for (const one of columns) one.activate(one === column);
  if (write) column.write();
  if (changed) live?.again(); // on a narrow screen another one is looked at now
}

function go(chats, on) {
  const query = new URLSearchParams(chats.map((chat) => ["chat", chat]));
  query.set("on", on);
  location.assign(`?${query}`);
}

// A chat that is open already gets the keys; another one takes the place of the one that has them.
function show(chat) {
  if (find(chat)) activate(find(chat), { write: true });
  else go(columns.length ? columns.map((one) => (one.isActive ? chat : one.chat)) : [chat], chat);
}

addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const link = event.target.closest?.("a[data-chat]");
  if (link) {
    event.preventDefault();
    show(link.dataset.chat);
  }
});
for (const moment of ["focusin", "pointerdown"]) {
  addEventListener(moment, (event) => activate(find(event.target.closest?.("[data-talk]")?.dataset.talk)));
}

function step(by) {
  const shown = columns.filter((one) => one.exists);
  activate(shown[(shown.indexOf(active()) + by + shown.length) % shown.length], { write: true });
}

addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || $("dialog[open]")) return;
  const writes = event.target.matches?.("input, textarea, select");
  const bracket = { BracketLeft: -1, BracketRight: 1 }[event.code];
  const digit = /^Digit([1-9])$/.exec(event.code);
  let done = true;
  if (bracket && (event.altKey || !writes)) step(bracket);
  else if (writes || event.altKey) done = false;
  else if (event.shiftKey && digit) rows.querySelector(`[data-key="${digit[1]}"]`)?.closest(".chats-row").querySelector("[data-beside]")?.click();
  else if (event.code === "KeyX" && !event.shiftKey) active()?.close();
  else done = false;
  if (done) event.preventDefault();
});

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

function list(news) {
  rows.dataset.mark = news.list;
  const focused = rows.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
  rows.innerHTML = news.rows;
  if (focused) rows.querySelector(`a[data-chat="${CSS.escape(focused)}"]`)?.focus();
  count(news);
}

function take(news) {
  if (news.rows !== undefined) list(news);
  for (const [chat, told] of Object.entries(news.talks ?? {})) find(chat)?.take(told);
  for (const chat of news.gone ?? []) {
    const column = find(chat);
    if (!column?.exists) continue;
    toast(rows.dataset.gone, "warning");
    column.leave();
    if (column.isActive) activate(columns.find((one) => one.exists));
  }
}

const address = () => {
  const query = new URLSearchParams({ list: rows.dataset.mark });
  for (const one of columns.filter((column) => column.exists)) {
    query.append("chat", one.chat);
    query.append("after", one.last);
    query.append("mark", one.mark);
    if (!one.isShown) query.append("hidden", one.chat);
  }
  if (document.hidden) query.append("hidden", "");
  return `${rows.dataset.wait}?${query}`;
};
known.unread = rows.querySelectorAll(".badge.is-bad").length;
known.waiting = rows.querySelectorAll("form").length;
let live = null;
activate(columns.find((one) => one.section.matches(".is-active")), { write: new URL(location).searchParams.has("on") });
live = follow(address, take, (yes) => (offline.hidden = !yes));
document.addEventListener("visibilitychange", () => document.hidden || live.again());

// --- buttons -----------------------------------------------------------------------------------------------------

addEventListener("submit", async (event) => {
  const acts = event.target;
  if (acts.method !== "post" || !acts.matches("#rows form, [data-acts]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const buttons = acts.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await post(acts.action, new FormData(acts));
    const taken = acts.closest(".chats-row")?.querySelector("[data-chat]")?.dataset.chat;
    if (taken) show(taken);
    else {
      const menu = acts.closest("details");
      if (menu) menu.open = false;
    }
  } catch (error) {
    const text = error.refused || String(error.message);
    const column = find(acts.closest("[data-talk]")?.dataset.talk);
    if (column) column.refuse(text);
    else toast(text, "error");
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}, true);
