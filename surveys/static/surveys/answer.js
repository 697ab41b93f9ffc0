// What the page of a survey does better with a script; everything works without it.
"use strict";
(() => {
  const form = document.getElementById("survey");
  const framed = document.body.classList.contains("framed") && parent !== window;
  const tell = (message) => framed && parent.postMessage({ huiyin: 1, ...message }, "*");
  if (framed) {
    addEventListener("keydown", (event) => event.key === "Escape" && tell({ close: true }));
    new ResizeObserver(() => tell({ height: document.documentElement.scrollHeight })).observe(document.body);
    if (["thanks", "answered", "closed"].includes(document.body.dataset.state)) tell({ done: true });
  }
  if (!form) return;

  // Ranking: buttons and a grip instead of selects, which keep what is sent.
  const rank = (list) => {
    const rows = () => [...list.children];
    const said = list.parentElement.querySelector("[data-moved]");
    const set = (row) => {
      rows().forEach((one, at) => {
        one.querySelector("select").value = String(at + 1);
        one.querySelector(".place").textContent = String(at + 1);
      });
      list.classList.add("placed");
      list.parentElement.querySelector(".keep")?.remove();
      if (row) said.textContent = `${row.querySelector("span:not(.place)").textContent} ${rows().indexOf(row) + 1}`;
      form.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const move = (row, by, button) => {
      const other = rows()[rows().indexOf(row) + by];
      if (other) by < 0 ? other.before(row) : other.after(row);
      set(row);
      button.focus();
    };
    const placed = rows().every((row) => row.querySelector("select").value);
    if (placed) list.append(...rows().sort((a, b) => a.querySelector("select").value - b.querySelector("select").value));
    for (const row of rows()) {
      row.querySelector("select").hidden = true;
      const name = row.querySelector("span").textContent;
      const place = Object.assign(document.createElement("span"), { className: "place" });
      const grip = Object.assign(document.createElement("span"), { className: "grip", textContent: "⠿" });
      grip.setAttribute("aria-hidden", "true");
      row.prepend(place);
      for (const [by, sign, word] of [[-1, "↑", list.dataset.up], [1, "↓", list.dataset.down]]) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign });
        button.setAttribute("aria-label", `${name}: ${word}`);
        button.addEventListener("click", () => move(row, by, button));
        row.append(button);
      }
      row.append(grip);
      grip.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        grip.setPointerCapture(event.pointerId);
        row.classList.add("held");
        grip.onpointermove = ({ clientY }) => {
          const over = rows().find((one) => one !== row && clientY > one.getBoundingClientRect().top && clientY < one.getBoundingClientRect().bottom);
          if (over) rows().indexOf(over) < rows().indexOf(row) ? over.before(row) : over.after(row);
        };
        grip.onpointerup = grip.onpointercancel = () => {
          grip.onpointermove = grip.onpointerup = grip.onpointercancel = null;
          row.classList.remove("held");
          set(row);
        };
      });
    }
    if (placed) {
      list.classList.add("placed");
      rows().forEach((row, at) => (row.querySelector(".place").textContent = String(at + 1)));
    } else {
      const keep = Object.assign(document.createElement("button"), { type: "button", className: "second keep", textContent: list.dataset.keep });
      keep.addEventListener("click", () => set());
      list.after(keep);
    }
  };
  form.querySelectorAll(".rank").forEach(rank);

  // What excludes the others, and the line of text beside a choice.
  form.addEventListener("input", ({ target }) => {
    if (target.name?.endsWith(".text") && target.value) {
      const option = target.previousElementSibling?.querySelector("input");
      if (option) option.checked = true;
    }
  });

  // Saved as one goes; the answer says which questions are shown now.
  const status = form.querySelector("[data-saved]");
  let timer = 0, running = null, again = false, leaving = false;
  const save = async (files) => {
    if (running) {
      again = true;
      return running;
    }
    const data = new FormData(form);
    data.set("go", "save");
    if (!files) for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
    running = fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" }, keepalive: !files })
      .then(async (answer) => {
        if (answer.status === 409 && !leaving) location.reload();
        if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Error(String(answer.status));
        draw(await answer.json());
        status.textContent = status.dataset.said;
      })
      .catch(() => {
        if (!leaving) status.textContent = status.dataset.failed;
      })
      .finally(() => {
        running = null;
        if (again && !leaving) {
          again = false;
          save(false);
        }
      });
    return running;
  };
  const draw = ({ shown, answered, files, texts }) => {
    for (const [id, text] of Object.entries(texts || {})) {
      const place = document.getElementById(id);
      if (place) place.textContent = text;
    }
    const all = [...form.querySelectorAll("fieldset[data-code]")];
    if (form.querySelector("[data-count]")) {
      const titled = new Set();
      for (const one of all) {
        const place = shown.indexOf(one.dataset.code);
        one.hidden = place < 0;
        const part = one.querySelector(".part");
        if (part) part.hidden = one.hidden || titled.has(part.dataset.part);
        if (part && !one.hidden) titled.add(part.dataset.part);
        const step = one.querySelector(".step");
        if (place >= 0) step.textContent = step.textContent.replace(/\d+(\D+)\d+/, (_, between) => `${place + 1}${between}${shown.length}`);
      }
      form.querySelector("[data-count]").textContent = shown.length;
      form.querySelector(".done b").textContent = answered;
      form.elements.seen.value = shown.join(" ");
    }
    for (const [code, html] of Object.entries(files || {})) {
      const place = all.find((one) => one.dataset.code === code)?.querySelector("[data-files]");
      if (place && !place.contains(document.activeElement?.closest(".busy"))) place.innerHTML = html;
    }
  };
  form.addEventListener("change", ({ target }) => {
    clearTimeout(timer);
    const has = target.type === "file" || target.name?.endsWith(".drop");
    if (has) running ? running.then(() => save(true)) : save(true);
    else timer = setTimeout(save, 250, false);
  });
  form.addEventListener("input", ({ target }) => {
    if (!["text", "textarea", "date"].includes(target.type) && target.tagName !== "TEXTAREA") return;
    clearTimeout(timer);
    timer = setTimeout(save, 1200, false);
  });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !leaving && timer) save(false);
  });
  form.addEventListener("submit", (event) => {
    if (leaving) return event.preventDefault();
    leaving = true;
    clearTimeout(timer);
    setTimeout(() => document.querySelectorAll("button").forEach((one) => (one.disabled = true)));
  });
  addEventListener("pageshow", () => {
    leaving = false;
    document.querySelectorAll("button").forEach((one) => (one.disabled = false));
  });
  (form.querySelector("fieldset .problem") || document.querySelector(".problem"))?.scrollIntoView({ block: "center" });
})();
