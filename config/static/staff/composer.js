// What helps to write a reply: articles that fit, templates, how it sounds, playbooks. See composer_tools.html.
// The text field stays the writer's: nothing is put into it that nobody asked for.

const PAUSE = 600; // milliseconds after the last key
const own = new WeakMap();

const toolsOf = (field) => field?.form?.querySelector("[data-tools]");
const fieldOf = (tools) => tools.closest("form").querySelector("textarea");
const current = () => {
  const active = document.activeElement?.closest?.("form")?.querySelector("[data-tools]");
  return active ?? [...document.querySelectorAll("[data-tools]")].find((one) => one.getClientRects().length > 0);
};

function state(tools) {
  if (!own.has(tools)) own.set(tools, { timer: 0, turn: 0, articles: [], templates: null, chosen: 0 });
  return own.get(tools);
}

function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

async function post(tools, url, content) {
  const body = new URLSearchParams(content);
  body.set("csrfmiddlewaretoken", tools.closest("form").querySelector("[name=csrfmiddlewaretoken]").value);
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error(answer.status);
  return answer.json();
}

// Put a text where the writer is; the browser's own undo takes it back.
function put(tools, text) {
  const field = fieldOf(tools);
  field.focus();
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !before.endsWith("\n") ? "\n" : "";
  if (!document.execCommand("insertText", false, gap + text)) {
    field.setRangeText(gap + text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  const blank = field.value.indexOf("____", before.length);
  if (blank >= 0) field.setSelectionRange(blank, blank + 4);
}

// --- while typing ----------------------------------------------------------------------------------------------

function later(field, pause = PAUSE) {
  const tools = toolsOf(field);
  if (!tools) return;
  const mine = state(tools);
  clearTimeout(mine.timer);
  mine.timer = setTimeout(() => look(tools), pause);
}

async function look(tools) {
  const mine = state(tools);
  const turn = ++mine.turn;
  try {
    const told = await post(tools, tools.dataset.typed, { text: fieldOf(tools).value });
    if (turn !== mine.turn || !tools.isConnected) return; // somebody typed on
    mine.articles = told.articles;
    suggest(tools, told.articles);
    warn(tools, told.warnings);
  } catch {
    // no help just now; the reply does not need it
  }
}

function suggest(tools, articles) {
  const words = tools.dataset;
  const picture = (name) => tools.querySelector(`[data-picture="${name}"] svg`).cloneNode(true);
  tools.querySelector("[data-suggested]").replaceChildren(
    ...articles.map((one, place) => {
      const line = make("li");
      if (one.text) {
        const button = make("button", "", { type: "button", title: one.words, "data-insert": place });
        button.append(make("kbd", `Alt ${place + 1}`), make("span", one.title));
        const link = make("button", "", { type: "button", "data-link": place, title: words.wordLink, "aria-label": `${words.wordLink}: ${one.title}` });
        link.append(picture("chain"));
        line.append(button, link);
      }
      const open = make("a", "", { href: one.page, target: "_blank", rel: "noopener", title: words.wordOpen, "aria-label": `${words.wordOpen}: ${one.title}` });
      open.append(one.text ? picture("open") : make("span", `${one.title} (${words.wordStaff})`));
      line.append(open);
      return line;
    }),
  );
}

function warn(tools, warnings) {
  const list = tools.querySelector("[data-tone]");
  const lines = warnings.map((one) => {
    const line = make("li", "", { class: `is-${one.severity}` });
    if (one.found) line.append(make("q", one.found), " ");
    line.append(one.advice);
    if (one.better) line.append(` ${tools.dataset.wordInstead} `, make("b", one.better));
    return line;
  });
  list.hidden = lines.length === 0;
  const text = lines.map((line) => line.textContent).join();
  if (list.dataset.says !== text) list.replaceChildren(...lines);
  list.dataset.says = text;
}

function insert(tools, place, asLink) {
  const one = state(tools).articles[place];
  if (!one?.text) return;
  put(tools, asLink ? `${one.title} ${new URL(one.link, location)}` : one.text);
  post(tools, tools.dataset.inserted, { article: one.id }).catch(() => {});
}

// --- templates -------------------------------------------------------------------------------------------------

async function openPicker(tools) {
  const mine = state(tools);
  const picker = tools.querySelector("[data-picker]");
  const button = tools.querySelector("[data-pick]");
  if (!picker.hidden) return closePicker(tools);
  picker.hidden = false;
  button.setAttribute("aria-expanded", "true");
  const search = picker.querySelector("input");
  search.value = "";
  search.focus();
  try {
    if (!mine.templates) {
      const answer = await fetch(tools.dataset.templates, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      mine.templates = (await answer.json()).templates;
    }
    showPicks(tools);
  } catch {
    picker.querySelector("ul").replaceChildren(make("li", tools.dataset.wordFailed, { class: "help" }));
  }
}

function closePicker(tools) {
  tools.querySelector("[data-picker]").hidden = true;
  tools.querySelector("[data-pick]").setAttribute("aria-expanded", "false");
  fieldOf(tools).focus();
}

function found(tools) {
  const wanted = tools.querySelector("[data-picker] input").value.toLowerCase().split(/\s+/).filter(Boolean);
  return (state(tools).templates ?? []).filter((one) => {
    const text = `${one.name} ${one.problem} ${one.tone} ${one.text}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

function showPicks(tools, chosen = 0) {
  const mine = state(tools);
  const list = tools.querySelector(".picks");
  const rows = found(tools);
  mine.chosen = Math.max(0, Math.min(rows.length - 1, chosen));
  list.replaceChildren(
    ...rows.map((one, place) => {
      const line = make("li", "", { class: "pick", role: "option", id: `${list.id}-${place}`, "data-place": place, "aria-selected": place === mine.chosen });
      const head = make("span");
      head.append(make("b", one.name), " ", make("small", `${one.problem} · ${one.tone}`));
      line.append(head, make("span", one.text.replace(/\s+/g, " "), { class: "pick-text" }));
      if (one.missing.length) line.append(make("small", `${tools.dataset.wordMissing} ${one.missing.join("、")}`, { class: "pick-missing" }));
      return line;
    }),
  );
  if (!rows.length) list.append(make("li", tools.dataset.wordNone, { class: "help" }));
  const search = tools.querySelector("[data-picker] input");
  if (rows.length) search.setAttribute("aria-activedescendant", `${list.id}-${mine.chosen}`);
  else search.removeAttribute("aria-activedescendant");
  list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

function take(tools, place) {
  const one = found(tools)[place];
  if (!one) return;
  closePicker(tools);
  put(tools, one.text);
}

// --- playbooks -------------------------------------------------------------------------------------------------

function openPlaybooks(tools) {
  const beside = document.querySelector(".beside [data-playbooks]");
  const button = tools?.querySelector("[data-playbook]");
  const place = button && document.getElementById(button.getAttribute("aria-controls"));
  if (!place) {
    beside?.scrollIntoView({ block: "nearest" });
    beside?.querySelector("button, summary")?.focus();
    return;
  }
  place.hidden = !place.hidden;
  button.setAttribute("aria-expanded", !place.hidden);
  if (!place.hidden) htmx.ajax("GET", place.dataset.from, { target: place, swap: "innerHTML" });
}

// After a playbook was applied: its reply goes to the composer, and the page knows the version that it made.
function applied(panel) {
  const work = document.querySelector(`#work[data-case="${panel.dataset.case}"]`);
  if (work && work.dataset.version === panel.dataset.seen) {
    work.dataset.version = panel.dataset.version;
    for (const field of work.querySelectorAll("input[name=version]")) field.value = panel.dataset.version;
  }
  const proposed = panel.querySelector("template[data-compose]");
  const tools = current();
  if (proposed && tools) {
    proposed.remove();
    put(tools, proposed.content.textContent.trim());
  }
}

// --- keys and clicks -------------------------------------------------------------------------------------------

addEventListener("input", (event) => {
  if (event.target.matches?.(".picker input")) showPicks(event.target.closest("[data-tools]"));
  else if (event.target.matches?.("textarea") && !event.isComposing) later(event.target);
});
addEventListener("compositionend", (event) => {
  if (event.target.matches?.("textarea")) later(event.target);
});
addEventListener("focusin", (event) => {
  const tools = event.target.matches?.("textarea") && toolsOf(event.target);
  if (tools && !state(tools).turn) later(event.target, 0);
});

addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const picker = event.target.closest?.("[data-picker]");
  if (picker) return keyInPicker(event, picker.closest("[data-tools]"));
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const tools = current();
  const digit = /^Digit([1-3])$/.exec(event.code);
  if (digit && tools && document.activeElement === fieldOf(tools)) {
    event.preventDefault();
    insert(tools, Number(digit[1]) - 1, event.shiftKey);
  } else if (event.code === "KeyT" && tools) {
    event.preventDefault();
    openPicker(tools);
  } else if (event.code === "KeyP") {
    event.preventDefault();
    openPlaybooks(tools);
  }
});

function keyInPicker(event, tools) {
  const { chosen } = state(tools);
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
  if (step) showPicks(tools, chosen + step);
  else if (event.key === "Enter") take(tools, chosen);
  else if (event.key === "Escape") closePicker(tools);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

addEventListener("click", (event) => {
  const tools = event.target.closest?.("[data-tools]");
  if (!tools) return;
  const of = (selector) => event.target.closest(selector);
  if (of("[data-pick]")) openPicker(tools);
  else if (of("[data-playbook]")) openPlaybooks(tools);
  else if (of("[data-insert]")) insert(tools, Number(of("[data-insert]").dataset.insert), false);
  else if (of("[data-link]")) insert(tools, Number(of("[data-link]").dataset.link), true);
  else if (of(".pick")) take(tools, Number(of(".pick").dataset.place));
});

addEventListener("htmx:afterSettle", () => {
  for (const panel of document.querySelectorAll("[data-playbooks]")) if (panel.querySelector("template[data-compose]") || panel.dataset.seen) applied(panel);
});
