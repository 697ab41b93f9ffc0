// Notes are kept while they are typed; without this, by the button.
const form = document.querySelector("[data-notes]");
const said = document.querySelector("[data-saved]");
const WAIT = 1500;

if (form && said) {
  const area = form.elements.notes;
  let due = 0;
  let busy = false;

  const keep = async () => {
    if (busy) return later();
    busy = true;
    const text = area.value;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
      });
      if (answer.ok) {
        form.elements.version.value = (await answer.json()).version;
        said.textContent = area.value === text ? said.dataset.kept : "";
      } else {
        const refused = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
        said.textContent = refused.detail ?? said.dataset.failed;
      }
    } catch {
      said.textContent = said.dataset.failed;
    }
    busy = false;
  };
  const later = () => {
    clearTimeout(due);
    due = setTimeout(keep, WAIT);
  };
  area.addEventListener("input", later);
}
