// A conversation on the screen, of member and agent alike: what comes is added, what is sent is kept until
// the server has it, and shown at once.
import { post } from "./live.js";

const near = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;
const bottom = (box) => (box.scrollTop = box.scrollHeight);

export class Talk {
  // `list` holds the lines, `form` sends; `line(text, note)` makes a line that is still on its way.
  constructor({ list, form, line, refused }) {
    Object.assign(this, { list, form, line, refused });
    this.box = list.closest("[role=log]");
    this.field = form.querySelector("textarea");
    this.files = form.querySelector("input[type=file]");
    this.store = form.dataset.draft;
    this.queue = [];
    this.busy = false;
    this.restore();
    bottom(this.box);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.send();
    }, true);
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      if (!event.ctrlKey && !event.metaKey && !matchMedia("(pointer: fine)").matches) return;
      event.preventDefault();
      event.stopPropagation();
      this.send();
    });
    this.field.addEventListener("input", () => this.typed());
    addEventListener("online", () => this.flush());
    this.grow();
  }

  // --- what is typed and not sent ---------------------------------------------------------------------------

  keep() {
    const waiting = this.queue.filter((one) => !one.files.length).map(({ key, body }) => ({ key, body }));
    try {
      if (!this.field.value && !waiting.length) localStorage.removeItem(this.store);
      else localStorage.setItem(this.store, JSON.stringify({ text: this.field.value, waiting }));
    } catch {
      // no room or switched off: it is still on the screen
    }
  }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.store));
    } catch {
      // nothing was kept
    }
    if (kept?.text && !this.field.value) this.field.value = kept.text;
    for (const one of kept?.waiting ?? []) this.put(one.key, one.body, []);
    this.flush();
  }

  typed() {
    this.keep();
    this.grow();
    const now = Date.now();
    if (!this.field.value || !this.form.dataset.typing || now - (this.told ?? 0) < 3000) return;
    this.told = now;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.token());
    post(this.form.dataset.typing, body).catch(() => {});
  }

  token() {
    return this.form.querySelector("[name=csrfmiddlewaretoken]").value;
  }

  grow() {
    this.field.style.height = "auto";
    if (this.field.value) this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 160)}px`;
  }

  // --- sending ------------------------------------------------------------------------------------------------

  send() {
    const body = this.field.value.trim();
    const files = [...(this.files?.files ?? [])];
    if (!body && !files.length) return;
    this.put(crypto.randomUUID?.() ?? uuid(), body, files);
    this.field.value = "";
    if (this.files) {
      this.files.value = "";
      this.files.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.refused("");
    this.grow();
    this.keep();
    this.flush();
  }

  put(key, body, files) {
    const item = this.line([body, ...files.map((file) => file.name)].filter(Boolean).join("\n"));
    this.queue.push({ key, body, files, item });
    this.list.append(item);
    bottom(this.box);
  }

  async flush() {
    if (this.busy) return;
    this.busy = true;
    let tries = 0;
    while (this.queue.length) {
      const one = this.queue[0];
      const content = new FormData();
      content.set("csrfmiddlewaretoken", this.token());
      content.set("key", one.key);
      content.set("body", one.body);
      for (const file of one.files) content.append(this.files.name, file);
      try {
        const { id } = await post(this.form.action, content);
        if (this.list.querySelector(`[data-id="${id}"]`)) one.item.remove();
        else {
          one.item.dataset.id = id;
          this.line.sent?.(one.item);
        }
        this.queue.shift();
        tries = 0;
      } catch (error) {
        if (error.refused) {
          this.queue.shift();
          one.item.remove();
          if (!this.field.value) this.field.value = one.body;
          this.refused(error.refused);
          this.grow();
        } else {
          one.item.dataset.waits = "yes";
          this.line.waits?.(one.item);
          await new Promise((done) => setTimeout(done, Math.min(1000 * 2 ** tries++, 15_000)));
        }
      }
      this.keep();
    }
    this.busy = false;
  }

  // --- what comes -----------------------------------------------------------------------------------------------

  // Add lines that are new; gives how many of them are not one's own.
  add(html, own) {
    if (!html) return 0;
    const follows = near(this.box);
    const template = document.createElement("template");
    template.innerHTML = html;
    let others = 0;
    for (const item of [...template.content.children]) {
      const known = this.list.querySelector(`[data-id="${item.dataset.id}"]`);
      if (known) known.replaceWith(item);
      else {
        const waiting = this.list.querySelector("[data-pending]");
        waiting && !waiting.dataset.id ? waiting.before(item) : this.list.append(item);
        if (!item.matches(own)) others += 1;
      }
    }
    if (follows || others === 0) bottom(this.box);
    return others;
  }

  get last() {
    return Math.max(0, ...[...this.list.querySelectorAll("[data-id]:not([data-pending])")].map((item) => Number(item.dataset.id)));
  }
}

// Where the page is not secure, as on a laptop by its address, crypto has no randomUUID.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// How many came while nobody looked, in the page's title.
export function counter(form) {
  const title = document.title;
  let unseen = 0;
  const show = () => (document.title = unseen ? `${form.dataset.title.replace("%d", unseen)} ${title}` : title);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) unseen = 0;
    show();
  });
  return (more) => {
    if (document.hidden) unseen += more;
    show();
  };
}
