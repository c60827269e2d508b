"use strict";
// Searches, filters and sorts the rows, opens the one that the address names, unpacks pictures.
// It only reads the page's texts: nothing is written as HTML.
{
  const form = document.getElementById("controls");
  const count = document.getElementById("count");
  const families = [...document.querySelectorAll("section.family")];
  const sorted = document.getElementById("sorted");
  const rows = [...document.querySelectorAll(".rows > details")].map((element, place) => ({
    element, place, home: element.parentElement, family: element.closest("section").dataset.family,
    ...element.dataset }));
  let linked = null; // the row that the address names is shown whatever the filters say
  let order = "";

  const text = (row) => (row.text ??= [row.family, // the reason is the first text of the body
    row.element.querySelector("div > p").firstChild.data,
    ...[...row.element.querySelectorAll("h3, pre")].map((part) => part.textContent)]
    .join("\n").toLowerCase());

  const differs = (wanted, is, never) => (wanted === "differs" ? !never.includes(is) : wanted === is);

  const matches = (row, wanted, words) =>
    (!wanted.family || wanted.family === row.family)
    && (!wanted.jax || differs(wanted.jax, row.jax, ["same"]))
    && (!wanted.ours || differs(wanted.ours, row.ours, ["same", "none"]))
    && (!wanted.broken || row.broken !== undefined)
    && words.every((word) => text(row).includes(word));

  const rank = (name, verdict) => (verdict === "same" ? Infinity // after those that differ
    : [...form.elements[name].options].findIndex((option) => option.value === verdict));
  const name = (row) => row.element.querySelector("h3").textContent.trim();
  const ulps = (row) => { // none sorts last
    const shown = row.element.querySelector("summary i").textContent;
    return shown === "" ? -1 : Number(shown.replace("inf", "Infinity"));
  };
  const compare = (one, other) => (one > other) - (one < other); // of infinities too
  const before = {
    name: (a, b) => name(a).localeCompare(name(b)),
    family: (a, b) => a.family.localeCompare(b.family),
    verdict: (a, b) => (b.broken !== undefined) - (a.broken !== undefined)
      || compare(rank("jax", a.jax), rank("jax", b.jax))
      || compare(rank("ours", a.ours), rank("ours", b.ours)),
    ulps: (a, b) => compare(ulps(b), ulps(a)),
  };

  const sort = (wanted) => {
    if (wanted === order) return;
    order = wanted;
    sorted.hidden = !order;
    const list = sorted.querySelector(".rows");
    const ordered = [...rows].sort(
      (a, b) => (order ? before[order](a, b) : 0) || a.place - b.place);
    for (const row of ordered) {
      row.element.querySelector("h3").dataset.family = row.family; // shown where all are mixed
      (order ? list : row.home).append(row.element);
    }
  };

  const apply = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let extra = 0;
    for (const row of rows) {
      const match = matches(row, wanted, words);
      shown += match;
      extra += !match && row.element === linked;
      row.element.hidden = !match && row.element !== linked;
    }
    sort(wanted.sort);
    for (const family of families) {
      family.hidden = Boolean(order) || !family.querySelector(".rows > details:not([hidden])");
    }
    const also = extra ? ", and the one linked to" : "";
    count.value = `${shown || "none"} of ${rows.length} cases${also}`;
  };

  const remember = () => { // puts the filters, and no row, into the address
    linked = null;
    apply();
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    const query = new URLSearchParams(wanted).toString();
    history.replaceState(null, "", location.pathname + (query && `?${query}`));
  };

  const recall = () => {
    const wanted = new URLSearchParams(location.search);
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = wanted.has(field.name);
      else if (field.name) {
        field.value = wanted.get(field.name) ?? "";
        if (field.selectedIndex === -1) field.value = "";
      }
    }
  };

  const open = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (row?.closest("section[hidden]") && !row.matches("details")) { // a family, filtered out
      history.replaceState(null, "", location.pathname + location.hash);
      recall();
    }
    linked = row?.matches(".rows > details") ? row : null;
    apply();
    if (linked) row.open = true;
    row?.scrollIntoView();
  };

  let unpacked;
  const unpack = async () => {
    const packed = atob(document.getElementById("pictures").textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };
  const draw = async (image) => {
    const picture = (await (unpacked ??= unpack()))[image.dataset.picture];
    image.src = URL.createObjectURL(new Blob([picture], { type: "image/svg+xml" }));
    delete image.dataset.picture;
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelectorAll("img[data-picture]").forEach(draw);
  }, true);

  let waiting;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(remember, event.target.type === "search" ? 120 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(remember));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search], select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    form.elements.q.focus();
  });
  addEventListener("popstate", () => { recall(); open(); });
  form.hidden = false;
  recall();
  open();
}
