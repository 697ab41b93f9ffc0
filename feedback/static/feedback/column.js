// One conversation on the agent's page: its lines, its state, its text field.
import { Talk } from "./talk.js";

const KEYS = ["r", "m"]; // only one conversation has them

export class Column {
  constructor(section) {
    const within = (selector) => section.querySelector(selector);
    Object.assign(this, {
      section,
      chat: section.dataset.talk,
      form: within(".chats-write"),
      list: within("[data-lines]"),
      state: within("[data-state]"),
      refused: within("[data-refused]"),
      exists: true,
      fades: 0,
    });
    this.mark = this.form.dataset.mark;
    const line = (text) => this.line(text);
    line.waits = (item) => (item.querySelector(".line-who").textContent = `${this.form.dataset.you} ${this.form.dataset.waiting}`);
    this.talk = new Talk({ list: this.list, form: this.form, line, refused: (text) => this.refuse(text) });
    this.form.querySelector("input[type=file]").addEventListener("change", (event) => {
      within("[data-chosen]").textContent = [...event.target.files].map((file) => file.name).join(", ");
    });
    this.settle();
  }

  get last() {
    return this.talk.last;
  }

  get isActive() {
    return this.section.classList.contains("is-active");
  }

  get isShown() {
    return this.section.getClientRects().length > 0;
  }

  activate(yes) {
    this.section.classList.toggle("is-active", yes);
    for (const key of KEYS) {
      const [has, wants] = yes ? ["data-idle-key", "data-key"] : ["data-key", "data-idle-key"];
      for (const element of this.section.querySelectorAll(`[${has}="${key}"]`)) {
        element.setAttribute(wants, key);
        element.removeAttribute(has);
      }
    }
  }

  write() {
    if (!this.form.hidden && !this.section.contains(document.activeElement)) this.talk.field.focus();
  }

  close() {
    this.section.querySelector("[data-close]")?.click();
  }

  leave() {
    this.exists = false;
    this.section.remove();
  }

  refuse(text) {
    this.refused.textContent = text;
    this.refused.hidden = !text;
  }

  line(text) {
    const item = document.createElement("div");
    item.className = "line is-us";
    item.dataset.pending = "yes";
    const who = document.createElement("p");
    who.className = "line-who";
    who.textContent = `${this.form.dataset.you} ${this.form.dataset.sending}`;
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.dir = "auto";
    bubble.textContent = text;
    item.append(who, bubble);
    return item;
  }

  take(told) {
    if (told.state !== undefined) {
      this.mark = told.mark;
      this.state.innerHTML = told.state;
      this.form.hidden = !told.writes;
    }
    if (told.lines) this.talk.add(told.lines, ".is-us, .is-note");
    this.settle();
  }

  // Typing fades by itself; only the last line of ours that was read says so.
  settle() {
    const typing = this.state.querySelector("[data-typing]");
    clearTimeout(this.fades);
    if (typing && !typing.hidden) this.fades = setTimeout(() => (typing.hidden = true), 6000);
    const read = Number(this.state.querySelector("[data-read]")?.dataset.read ?? 0);
    const ours = [...this.list.querySelectorAll(".is-us[data-id]:not([data-pending])")].filter((item) => item.querySelector(".read"));
    const last = ours.filter((item) => Number(item.dataset.id) <= read).at(-1);
    for (const item of ours) item.querySelector(".read").toggleAttribute("hidden", item !== last);
  }
}
