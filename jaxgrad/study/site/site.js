"use strict";
// Filters the list of names, and opens the case that the address names. Texts are only ever read.
{
  const form = document.getElementById("filter");
  const names = [...document.querySelectorAll("#names > li")].map((element) => ({
    element, text: element.firstElementChild.textContent.toLowerCase(),
    verdict: element.dataset.verdict }));

  const apply = () => {
    const { q, verdict } = Object.fromEntries(new FormData(form));
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const name of names) {
      const match = (!verdict || verdict === name.verdict)
        && words.every((word) => name.text.includes(word));
      name.element.hidden = !match;
      shown += match;
    }
    form.querySelector("output").value = `${shown || "none"} of ${names.length} names`;
  };

  const remember = () => {
    apply();
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    const query = new URLSearchParams(wanted).toString();
    history.replaceState(null, "", location.pathname + (query && `?${query}`));
  };

  const recall = () => {
    const wanted = new URLSearchParams(location.search);
    form.elements.q.value = wanted.get("q") ?? "";
    form.elements.verdict.value = wanted.get("verdict") ?? "";
    if (form.elements.verdict.selectedIndex === -1) form.elements.verdict.value = "";
    apply();
  };

  const open = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (row?.matches("details")) {
      row.open = true;
      row.scrollIntoView();
    }
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", remember);
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("popstate", recall);
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, select");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      form.elements.q.focus();
    });
    recall();
  }
  addEventListener("hashchange", open);
  open();
}
