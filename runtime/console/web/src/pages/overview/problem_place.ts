import type { Problem } from "../../api";
import type { Place } from "../../store/router";

/** Where one sees all of it: the only tenant, the tenants that it concerns, the sinks, or the cluster. */
export function placeOf(problem: Problem): Place {
  const first = problem.examples[0];
  if (problem.tenants === 1 && first) return { path: ["tenants", first.tenant], query: { connection: first.connection } };
  if (problem.tenants > 0) return { path: ["tenants"], query: { reason: problem.reason, source: problem.source ?? "", sort: "worst" } };
  return { path: [problem.reason.startsWith("sink_") ? "sinks" : "cluster"], query: {} };
}
