// Keeps a page as it is now. Every page works without this.
"use strict";

const pulse = document.getElementById("pulse");
const region = (id) => document.getElementById(id);
const LIVE = ["nav", "main"];

let seen = JSON.parse(region("main").dataset.seen);
let wanted = seen;
let source = null;
let busy = false;

function hasChanged(element) {
  const topics = element.dataset.live.split(" ").filter(Boolean);
  return topics.some((topic) => wanted[topic] !== seen[topic]);
}

// Do not reload while the user selects text or fills in a field.
function isBeingUsed() {
  const selection = document.getSelection();
  if (selection !== null && !selection.isCollapsed) return true;
  return document.activeElement?.matches("input, select") ?? false;
}

function replace(id, from) {
  const old = region(id), fresh = from.getElementById(id);
  const open = new Map([...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  const typed = new Map([...old.querySelectorAll("input[id], select[id]")].map((one) => [one.id, one.value]));
  const links = (root) => [...root.querySelectorAll("a, summary, button, pre, [tabindex]")];
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = (one) => one && (one.getAttribute("href") || one.closest("[id]").id);
  const held = key(focused);
  old.replaceChildren(...fresh.childNodes);
  for (const one of old.querySelectorAll("details[id]")) {
    if (open.has(one.id)) one.open = open.get(one.id);
  }
  for (const [id, value] of typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  if (held) links(old).find((one) => key(one) === held)?.focus({ preventScroll: true });
}

async function refresh() {
  if (busy || isBeingUsed() || !LIVE.some((id) => hasChanged(region(id)))) return;
  busy = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = JSON.parse(page.getElementById("main").dataset.seen);
    const changed = LIVE.filter((id) => hasChanged(region(id)));
    for (const id of changed) replace(id, page);
    seen = now;
    addCopyButtons();
  } catch {
    // The next pulse tries again.
  } finally {
    busy = false;
  }
}

function listen() {
  if (source !== null || document.hidden) return;
  source = new EventSource("/events");
  source.onopen = () => say("live", "Live");
  source.onerror = () => say("lost", "Not connected");
  source.onmessage = (event) => {
    wanted = JSON.parse(event.data);
    refresh();
  };
}

function rest() {
  source?.close();
  source = null;
}

function say(state, text) {
  pulse.dataset.state = state;
  if (pulse.textContent !== text) pulse.textContent = text;
}

function addCopyButtons() {
  for (const text of document.querySelectorAll("pre[data-copy]")) {
    if (text.nextElementSibling?.classList.contains("copy")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    text.after(button);
  }
}

document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
document.addEventListener("selectionchange", () => isBeingUsed() || refresh());
document.addEventListener("focusout", () => setTimeout(refresh));
window.addEventListener("pagehide", rest);
window.addEventListener("pageshow", listen);
const list = document.querySelector("#nav ul"), here = list.querySelector("[aria-current]");
if (here) list.scrollLeft = here.offsetLeft - (list.clientWidth - here.offsetWidth) / 2;
addCopyButtons();
listen();
