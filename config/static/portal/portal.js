// What pages can do better with a script; everything works without it.
"use strict";

// A form is sent once, and says so.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
});
// Back from the next page, it can be sent again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  });
});

// Chosen files are shown before they are sent.
document.addEventListener("change", (event) => {
  const input = event.target;
  const list = input.type === "file" && document.getElementById(input.dataset.shows);
  if (!list) return;
  list.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  list.replaceChildren(
    ...[...input.files].map((file) => {
      if (!file.type.startsWith("image/")) {
        const name = document.createElement("li");
        name.textContent = file.name;
        return name;
      }
      const item = document.createElement("li");
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      item.append(image);
      return item;
    }),
  );
});
