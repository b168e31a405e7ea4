import { computed, signal } from "@preact/signals";

/** Where we are: "#/tenants/acme?tab=runs" is {path: ["tenants", "acme"], query: {tab: "runs"}}. */
export interface Place { path: string[]; query: Record<string, string> }

export function parsePlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a place; empty query values are left out. */
export function hrefOf(path: string[], query: Record<string, string> = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== "");
  return "#/" + path.map(encodeURIComponent).join("/") + (set.length ? "?" + new URLSearchParams(set) : "");
}

const hash = signal(location.hash);
addEventListener("hashchange", () => { hash.value = location.hash; });
export const place = computed(() => parsePlace(hash.value));

export function go(path: string[], query: Record<string, string> = {}) { location.hash = hrefOf(path, query); }

/** Changes the query of this place without a step in the history. */
export function setQuery(changes: Record<string, string>) {
  history.replaceState(null, "", hrefOf(place.value.path, { ...place.value.query, ...changes }));
  hash.value = location.hash;
}
