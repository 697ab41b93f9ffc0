// A shop's page asks its visitors: a small window with the survey in a frame. It sets no cookie, sends nothing about
// the visitor, and remembers on the shop's own site that somebody closed it or has answered.
(() => {
  "use strict";
  const terms = /*TERMS*/;
  const name = `huiyin-survey-${terms.key.slice(0, 8)}`;
  const day = 86400000;
  let known = {};
  try {
    known = JSON.parse(localStorage.getItem(name)) || {};
  } catch {
    return; // nothing can be remembered: better not asked than asked at every page
  }
  const note = (what) => localStorage.setItem(name, JSON.stringify((known = { ...known, ...what })));
  if (known.lot === undefined) note({ lot: Math.random() * 100 });
  if (!terms.url || known.done || known.lot >= terms.share || Date.now() - (known.closed || 0) < terms.again * day) return;

  const style = (element, rules) => Object.assign(element.style, rules);
  const open = () => {
    const english = (document.documentElement.lang || "zh").startsWith("en");
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const box = document.createElement("div");
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", english ? "Survey" : "问卷调查");
    style(box, {
      position: "fixed", zIndex: 2147483000, right: "max(0px, min(16px, 50vw - 220px))", bottom: "0",
      width: "min(420px, 100vw)", borderRadius: "16px 16px 0 0", overflow: "hidden",
      boxShadow: "0 8px 40px rgb(0 0 0 / 30%)", background: dark ? "#14171b" : "#f3f5f8",
    });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "✕";
    close.setAttribute("aria-label", english ? "Close the survey" : "关闭问卷");
    style(close, {
      position: "absolute", top: "6px", left: "6px", width: "44px", height: "44px", border: "0", zIndex: 1,
      borderRadius: "22px", background: "transparent", color: dark ? "#eef1f4" : "#1a1d21", font: "18px/1 sans-serif", cursor: "pointer",
    });
    const frame = document.createElement("iframe");
    frame.src = `${terms.url}?embed=1&lang=${english ? "en" : "zh-hans"}`;
    frame.title = english ? "Survey" : "问卷调查";
    frame.referrerPolicy = "no-referrer";
    style(frame, { display: "block", width: "100%", height: "min(420px, 75vh)", border: "0" });
    const end = () => {
      box.remove();
      removeEventListener("message", hear);
      removeEventListener("keydown", press);
    };
    const dismiss = () => {
      if (!known.done) note({ closed: Date.now() }); // closing is no answer, and nobody is told of it
      end();
    };
    const hear = (event) => {
      if (event.source !== frame.contentWindow || event.origin !== new URL(terms.url).origin || !event.data?.huiyin) return;
      if (Number.isFinite(event.data.height)) frame.style.height = `min(${Math.ceil(event.data.height)}px, 75vh)`;
      if (event.data.done) note({ done: 1 });
      if (event.data.close) dismiss();
    };
    const press = (event) => event.key === "Escape" && dismiss();
    close.addEventListener("click", dismiss);
    addEventListener("message", hear);
    addEventListener("keydown", press);
    box.append(close, frame);
    document.body.append(box);
  };
  setTimeout(open, terms.after * 1000);
})();
