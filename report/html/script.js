"use strict";
(() => {
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));

  // Copy buttons on commands and messages.
  const copied = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  for (const pre of all(document, "pre.copy")) {
    const text = pre.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => copied(button, text));
    pre.classList.add("ready");
    pre.append(button);
  }

  // Filter and fold the findings of each cluster.
  for (const tools of all(document, ".tools")) {
    const section = tools.parentElement;
    const findings = all(section, ".finding");
    tools.hidden = false;
    tools.querySelector(".filter").addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const finding of findings) {
        const text = finding.textContent.toLowerCase();
        finding.hidden = !words.every((word) => text.includes(word));
      }
    });
    const fold = tools.querySelector(".fold");
    fold.addEventListener("click", () => {
      const open = fold.getAttribute("aria-pressed") !== "true";
      for (const details of all(section, "details")) details.open = open;
      fold.setAttribute("aria-pressed", String(open));
      fold.textContent = open ? "Close all" : "Open all";
    });
  }

  // A link to something folded unfolds it; paper shows everything.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
  addEventListener("beforeprint", () => { for (const details of all(document, "details")) details.open = true; });
})();
