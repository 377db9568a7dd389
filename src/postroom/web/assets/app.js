/* What makes the pages quicker to use; each of them works without. */
"use strict";

document.documentElement.classList.add("js");

// Menus close on a click elsewhere and on Escape.
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest("details.menu[open]");
  closeMenus(null);
  open?.querySelector("summary").focus();
});

function closeMenus(clicked) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!clicked || !menu.contains(clicked)) menu.open = false;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy);
  say(button.dataset.done);
});

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS browsers offer no clipboard: the older way.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// A word that goes away by itself, read out by screen readers.
function say(words) {
  const toast = document.createElement("div");
  toast.className = "alert alert-success";
  toast.textContent = words;
  document.getElementById("messages")?.append(toast);
  setTimeout(() => toast.remove(), 3000);
}

// Where the menu scrolls, the line of the page that is open is in sight, with the next one; so too when it opens as a drawer.
function showOpenPage() {
  const pages = document.querySelector(".side-pages");
  const line = pages?.querySelector("[aria-current]");
  if (!line) return;
  const below = line.getBoundingClientRect().bottom - pages.getBoundingClientRect().bottom;
  if (below > -line.offsetHeight) pages.scrollTop += below + line.offsetHeight;
}
showOpenPage();
document.getElementById("drawer")?.addEventListener("toggle", showOpenPage);

// Selects that lead on at once; their form's button serves where there is no script.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A line of a list is as wide as the page: a click anywhere on it follows its link.
document.addEventListener("click", (event) => {
  const row = event.target.closest("table.list tbody tr");
  if (!row || event.target.closest("a, button, input, label, summary, select") || String(getSelection())) return;
  row.querySelector("td.main a")?.click();
});

// "All on this page" beside the heads of a list.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-check-all]")) return;
  for (const box of document.querySelectorAll(`input[name="${event.target.dataset.checkAll}"]`)) {
    box.checked = event.target.checked;
  }
});

// A part that renews itself waits while somebody is choosing from it, or has opened something in it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const list = event.target.closest("[data-keep-while-ticked]");
  if (list && (list.querySelector("input:checked, details[open]") || list.contains(document.activeElement))) event.preventDefault();
});

// A choice that suggests the value of another field, until somebody has typed one of their own.
document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-suggests]");
  if (!select) return;
  const values = JSON.parse(select.closest("[data-suggestions]").dataset.suggestions);
  const field = document.getElementById(select.dataset.suggests);
  if (field && Object.values(values).map(String).includes(field.value)) field.value = values[select.value];
});

// An entry of a FROM filter goes by its button; the field keeps the others, and the focus.
document.addEventListener("click", (event) => {
  const entry = event.target.closest("[data-drop-entry]")?.dataset.dropEntry;
  if (entry === undefined) return;
  const field = event.target.closest("form").elements.from_filter;
  const entries = field.value.match(/(?:[^",]|"(?:[^"\\]|\\.)*"|")+/g) ?? []; // as policy/from_filter.py has it
  field.value = entries.map((one) => one.trim()).filter((one) => one && one !== entry).join(", ");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
