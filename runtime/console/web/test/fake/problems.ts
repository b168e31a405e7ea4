import type { Problem } from "../../src/api";
import type { FakeTenant, World } from "./world";

interface Kind { reason: string; severity: Problem["severity"]; title: (source: string) => string; help: string; action: Problem["action"]; from: number }

const kinds: Kind[] = [
  { reason: "suspended", severity: "critical", title: (s) => `Credentials refused by ${s}`, help: "Give new credentials.", action: "secrets", from: 1 },
  { reason: "api_slow", severity: "warning", title: (s) => `The API of ${s} hangs`, help: "It goes on by itself when the API answers again.", action: null, from: 1 },
  { reason: "not_heard", severity: "warning", title: (s) => `Live capture of ${s} is silent`, help: "The gaps are repaired once it is heard again.", action: null, from: 1 },
  { reason: "backing_off", severity: "warning", title: (s) => `${s} answers with errors`, help: "Pages are tried again.", action: null, from: 1 },
  { reason: "quota", severity: "notice", title: (s) => `Budget of ${s} is used up`, help: "Calls go on when the budget allows.", action: null, from: 1 },
];

export function problemsOf(world: World): Problem[] {
  const nodes = world.nodes.filter((node) => node.isSilent).map((node): Problem => ({
    id: "node-" + node.name, severity: "critical", reason: "node_silent", title: `Node ${node.name} does not answer`,
    detail: world.owners.includes(-1) ? "its shards wait for a new owner" : "its shards are with the others", help: "Look at its process.",
    since: new Date(node.since).toISOString(), tenants: 0, examples: [], action: null, source: null, node: node.name,
  }));
  if (world.isCalm) return nodes;
  const grouped = kinds.flatMap((kind) => [...bySource(world.tenants.filter((t) => t.waitsFor === kind.reason))].map(([source, tenants]) => problemOf(kind, source, tenants)));
  const braked = world.tenants.filter((t) => t.unconfirmed.length > 0).map((t): Problem => ({
    id: "deletes-" + t.name, severity: "warning", reason: "deletes_held", title: `Deletes of ${t.source} are held back`, detail: t.detail, help: "Confirm them if they are real.",
    since: new Date(t.waitsSince).toISOString(), tenants: 1, examples: [{ tenant: t.name, connection: "main", since: new Date(t.waitsSince).toISOString(), detail: t.unconfirmed[0]! }],
    action: "confirm_deletes", source: t.source, node: null,
  }));
  return [...nodes, ...grouped, ...braked];
}

function bySource(tenants: FakeTenant[]): Map<string, FakeTenant[]> {
  const groups = new Map<string, FakeTenant[]>();
  for (const tenant of tenants) groups.set(tenant.source, [...(groups.get(tenant.source) ?? []), tenant]);
  return groups;
}

function problemOf(kind: Kind, source: string, tenants: FakeTenant[]): Problem {
  const sorted = [...tenants].sort((a, b) => a.waitsSince - b.waitsSince);
  const examples = sorted.slice(0, 5).map((t) => ({ tenant: t.name, connection: "main", since: new Date(t.waitsSince).toISOString(), detail: t.detail }));
  return {
    id: `${kind.reason}-${source}`, severity: kind.severity, reason: kind.reason, title: kind.title(source), detail: examples[0]!.detail, help: kind.help,
    since: examples[0]!.since, tenants: tenants.length, examples, action: kind.action, source, node: null,
  };
}
