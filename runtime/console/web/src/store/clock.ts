import { signal } from "@preact/signals";

/** Ticks once a second while the page is seen: ages are counted from it. */
export const now = signal(Date.now());
setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1_000);
document.addEventListener("visibilitychange", () => { now.value = Date.now(); });
