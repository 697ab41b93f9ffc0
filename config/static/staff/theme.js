// Before the first paint: the theme that was chosen in the admin (its script keeps it under this name).
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
  } catch {
    // kept by nobody, or not readable: the system's
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.toggle("dark", theme === "dark" || (theme === "auto" && dark));
})();
