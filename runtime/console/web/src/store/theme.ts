import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const storageKey = "lode.theme";
const stored = localStorage.getItem(storageKey);

export const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : "system");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
/** Grows when the colours change: plots draw on a canvas and must be drawn anew. */
export const paletteVersion = signal(0);

export const isDark = () => (theme.value === "system" ? systemDark.matches : theme.value === "dark");

export function switchTheme() { theme.value = isDark() ? "light" : "dark"; }

function apply() {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
  paletteVersion.value++;
}
systemDark.addEventListener("change", apply);
effect(() => {
  if (theme.value === "system") localStorage.removeItem(storageKey);
  else localStorage.setItem(storageKey, theme.value);
  queueMicrotask(apply);
});
