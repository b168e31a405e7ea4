import { signal } from "@preact/signals";
import { go } from "./router";
import { switchTheme } from "./theme";

export const isHelpShown = signal(false);

const places: Record<string, string[]> = { o: [], t: ["tenants"], r: ["runs"], d: ["dead-letters"], s: ["sinks"], c: ["cluster"], a: ["actors"], u: ["audit"] };
let isAwaitingPlace = false;

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Rows that can be walked: everything on show that is marked so, in the order of the page. */
function step(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function onKey(event: KeyboardEvent) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  const wasAwaiting = isAwaitingPlace;
  isAwaitingPlace = false;
  if (wasAwaiting) {
    const path = places[event.key];
    if (path) go(path);
    return;
  }
  const actions: Record<string, () => void> = {
    g: () => { isAwaitingPlace = true; },
    j: () => step(1),
    k: () => step(-1),
    "/": () => (document.querySelector<HTMLElement>("[data-search]") ?? (go(["tenants"], { find: "1" }), null))?.focus(),
    "?": () => { isHelpShown.value = true; },
    t: switchTheme,
    Escape: () => { if (document.querySelector("[data-back]")) document.querySelector<HTMLElement>("[data-back]")?.click(); },
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

export function listenToKeys() { document.addEventListener("keydown", onKey); }
