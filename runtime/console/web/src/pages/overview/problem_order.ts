import type { Problem } from "../../api";

const weight = { critical: 0, warning: 1, notice: 2 };
/** What concerns no tenant by name concerns all of a node. */
const whom = (problem: Problem) => (problem.tenants === 0 ? Infinity : problem.tenants);

/** Worst first, then whom it concerns most, then what lasts longest. */
export function byWeight(a: Problem, b: Problem): number {
  if (a.severity !== b.severity) return weight[a.severity] - weight[b.severity];
  if (whom(a) !== whom(b)) return whom(b) > whom(a) ? 1 : -1;
  return Date.parse(a.since ?? b.since ?? "") - Date.parse(b.since ?? a.since ?? "") || 0;
}
