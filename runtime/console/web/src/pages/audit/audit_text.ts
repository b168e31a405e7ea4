const actions: [string, RegExp, string][] = [
  ["POST", /^\/tenants$/, "tenant added"],
  ["PATCH", /^\/tenants\/[^/]+$/, "tenant paused or resumed"],
  ["DELETE", /^\/tenants\/[^/]+$/, "tenant deleted"],
  ["PUT", /\/connections\/[^/]+$/, "connection set up"],
  ["PATCH", /\/connections\/[^/]+$/, "connection paused or resumed"],
  ["DELETE", /\/connections\/[^/]+$/, "connection deleted"],
  ["PUT", /\/secrets$/, "new credentials"],
  ["POST", /\/confirm-deletes$/, "deletes confirmed"],
  ["POST", /\/reset$/, "reset"],
  ["POST", /\/connections\/[^/]+\/runs$/, "run started"],
  ["POST", /^\/runs\/\d+\/cancel$/, "run cancelled"],
  ["POST", /^\/dead-letters\/\d+\/replay$/, "dead letter replayed"],
  ["POST", /\/undrain$/, "node undrained"],
  ["POST", /\/drain$/, "node drained"],
  ["PUT", /^\/log-level$/, "log level changed"],
  ["PUT", /^\/sinks\/[^/]+$/, "sink set up"],
  ["PATCH", /^\/sinks\/[^/]+$/, "sink paused or resumed"],
  ["DELETE", /^\/sinks\/[^/]+$/, "sink removed"],
  ["PUT", /^\/sources\/[^/]+$/, "source set up"],
  ["DELETE", /^\/sources\/[^/]+$/, "source removed"],
];

/** What was done, in words; what has none is told as it was asked. */
export function actionText(method: string, path: string): string {
  const short = path.replace(/^\/api\/v1/, "").replace(/\?.*/, "");
  return actions.find(([wanted, pattern]) => wanted === method && pattern.test(short))?.[2] ?? `${method} ${short}`;
}

/** "run 17", "node n3", "dead letter 4": what a change was of that is of no tenant. */
export function thingOf(path: string): string {
  const [, kind, name] = /^\/api\/v1\/(runs|nodes|dead-letters|sources|sinks)\/([^/?]+)/.exec(path) ?? [];
  return kind && name ? `${kind.slice(0, -1).replace("-", " ")} ${decodeURIComponent(name)}` : "–";
}

/** Without a status the node is at it, or ended over it. */
export const outcomeOf = (status: number | null) =>
  status === null ? "unknown" : status < 300 ? "done" : status < 500 ? "refused" : "failed";
