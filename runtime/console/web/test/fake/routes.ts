import { listAudit } from "./audit";
import { clusterOf, historyOf, overviewOf, shardsOf } from "./figures";
import { completenessOf, connectionOf, errorsOf, gapsOf, progressOf, supervisionOf, tenantOf, whyOf } from "./one_tenant";
import { listDeadLetters, listRuns, runOf, runsOf } from "./runs";
import { listTenants } from "./tenants";
import type { FakeTenant, World } from "./world";

export class Refused extends Error { constructor(readonly status: number, readonly code: string, message: string) { super(message); } }

export interface Asked { world: World; at: string[]; query: URLSearchParams; body: Record<string, unknown> }
type Handler = (asked: Asked) => unknown;

const tenantAt = ({ world, at }: Asked): FakeTenant => {
  const found = world.byName.get(at[0]!);
  if (!found) throw new Refused(404, "not_found", `there is no tenant ${at[0]}`);
  return found;
};
const nodeAt = ({ world, at }: Asked) => {
  const found = world.nodes.find((node) => node.name === at[0]);
  if (!found) throw new Refused(404, "not_found", `there is no node ${at[0]}`);
  return found;
};
const sinkAt = ({ world, at }: Asked) => {
  const found = world.sinks.find((sink) => sink.name === at[0]);
  if (!found) throw new Refused(404, "not_found", `there is no sink "${at[0]}"`);
  return found;
};
const one = (act: (tenant: FakeTenant, asked: Asked) => unknown): Handler => (asked) => act(tenantAt(asked), asked);

function setState(tenant: FakeTenant, { body, world }: Asked) {
  if (body["state"] === "paused") world.change(tenant, { state: "paused", waitsFor: "paused", stateReason: String(body["reason"] ?? ""), rate: 0, waitsSince: Date.now() });
  else world.repair(tenant);
}

const table: [string, string, Handler][] = [
  ["GET", "/overview", ({ world }) => overviewOf(world)],
  ["GET", "/history", () => historyOf()],
  ["GET", "/cluster", ({ world }) => clusterOf(world)],
  ["GET", "/shards", ({ world }) => shardsOf(world)],
  ["GET", "/tenants", ({ world, query }) => listTenants(world, query)],
  ["GET", "/tenants/*", one((t, { world }) => tenantOf(world, t))],
  ["PATCH", "/tenants/*", one((t, asked) => { setState(t, asked); return tenantOf(asked.world, t); })],
  ["GET", "/tenants/*/why", one(whyOf)],
  ["GET", "/tenants/*/supervision", one((t, { world }) => supervisionOf(world, t))],
  ["GET", "/tenants/*/dead-letters", ({ world, query, at }) => listDeadLetters(world, query, at[0]!)],
  ["GET", "/tenants/*/connections/*", one(connectionOf)],
  ["PATCH", "/tenants/*/connections/*", one((t, asked) => { setState(t, asked); return connectionOf(t); })],
  ["PUT", "/tenants/*/connections/*/secrets", one((t, { world }) => { world.repair(t); return connectionOf(t); })],
  ["POST", "/tenants/*/connections/*/confirm-deletes", one((t, { world, body }) => { world.change(t, { unconfirmed: [] }); return { streams: body["streams"] }; })],
  ["GET", "/tenants/*/connections/*/runs", one((t, { world }) => runsOf(world, t))],
  ["POST", "/tenants/*/connections/*/runs", one((t, { body }) => ({ tenant: t.name, connection: "main", command: "c", kind: body["kind"], answer: "requested" }))],
  ["POST", "/tenants/*/connections/*/reset", one((t, { world, body }) => { world.change(t, { due: Date.now() }); return { streams: body["streams"] ?? connectionOf(t).streams, cancelled_runs: 1 }; })],
  ["GET", "/tenants/*/connections/*/streams", one(progressOf)],
  ["GET", "/tenants/*/connections/*/errors", one(errorsOf)],
  ["GET", "/tenants/*/connections/*/gaps", one(gapsOf)],
  ["GET", "/tenants/*/connections/*/streams/*/complete", one((t, { at }) => completenessOf(t, at[2]!))],
  ["GET", "/runs", ({ world, query }) => listRuns(world, query)],
  ["GET", "/runs/*", ({ world, at }) => runOf(world, Number(at[0]))],
  ["POST", "/runs/*/cancel", ({ world, at }) => { world.cancelled.add(Number(at[0])); return runOf(world, Number(at[0])); }],
  ["GET", "/dead-letters", ({ world, query }) => listDeadLetters(world, query, "")],
  ["POST", "/dead-letters/*/replay", ({ world, at }) => { world.replayed.add(Number(at[0])); return {}; }],
  ["GET", "/audit", ({ world, query }) => listAudit(world, query)],
  ["GET", "/sinks", ({ world }) => ({ sinks: world.sinks })],
  ["PATCH", "/sinks/*", (asked) => Object.assign(sinkAt(asked), { state: asked.body["state"], reason: "", failing_since: null, error: "" })],
  ["DELETE", "/sinks/*", (asked) => { const sink = sinkAt(asked); asked.world.sinks = asked.world.sinks.filter((each) => each !== sink); return { sink: sink.name, removed: true }; }],
  ["GET", "/log-level", ({ world }) => ({ node: "n1", level: world.logLevel })],
  ["PUT", "/log-level", ({ world, body }) => { world.logLevel = String(body["level"]); return { node: "n1", level: world.logLevel }; }],
  ["POST", "/nodes/*/drain", (asked) => { const { name } = nodeAt(asked); asked.world.drain(name); return { node: name, state: "draining" }; }],
  ["POST", "/nodes/*/undrain", (asked) => { nodeAt(asked).state = "member"; return { node: asked.at[0], state: "member" }; }],
];
const routes = table.map(([method, path, handler]) => ({ method, pattern: new RegExp(`^${path.replaceAll("*", "([^/]+)")}$`), handler }));

/** What the node would answer; throws Refused. */
export function answer(world: World, method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): unknown {
  if (world.isStoreDown) throw new Refused(503, "store_unavailable", "the database does not answer: connection refused");
  for (const route of routes) {
    const found = route.method === method ? route.pattern.exec(path) : null;
    if (found) return route.handler({ world, at: found.slice(1).map(decodeURIComponent), query, body });
  }
  throw new Refused(404, "not_found", `there is no /api/v1${path}; see /api/v1/openapi.json`);
}
