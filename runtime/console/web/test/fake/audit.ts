import type { AuditPage } from "../../src/api";
import type { World } from "./world";

/** Notes a change and what became of it. */
export function note(world: World, method: string, path: string, status: number) {
  const [, tenant, connection] = /^\/tenants\/([^/]+)(?:\/connections\/([^/]+))?/.exec(path) ?? [];
  world.audit.unshift({
    id: world.audit.length + 1, at: new Date().toISOString(), node: "n1", who: world.token ? "token" : "loopback", method, path: "/api/v1" + path,
    tenant: tenant ?? null, connection: connection ?? null, status,
  });
}

/** What an operator did this morning, so that the list is not empty. */
export function addHistory(world: World) {
  const some = world.tenants.slice(50, 53).map((tenant) => tenant.name);
  note(world, "POST", "/nodes/n3/undrain", 200);
  for (const name of some) note(world, "POST", `/tenants/${name}/connections/main/runs`, 202);
  note(world, "PUT", `/tenants/${some[0]}/connections/main/secrets`, 200);
  note(world, "POST", `/tenants/${some[1]}/connections/main/reset`, 409);
  world.audit.forEach((entry, i) => { entry.at = new Date(world.began - 400_000 * (i + 1)).toISOString(); });
}

export function listAudit(world: World, query: URLSearchParams): AuditPage {
  const after = query.get("after") ? Number(query.get("after")) : Infinity;
  const limit = Number(query.get("limit") ?? 100);
  const fit = world.audit.filter((entry) => entry.id < after && (!query.get("tenant") || entry.tenant === query.get("tenant")));
  const entries = fit.slice(0, limit);
  return { entries, next: fit.length > limit ? entries[entries.length - 1]!.id : null };
}
