import type { TenantPage, TenantRow, TenantSort } from "../../src/api";
import type { FakeTenant, World } from "./world";

const rank = ["suspended", "not_heard", "api_slow", "store_slow", "backing_off", "moving", "queued", "quota", "paused", "none"];

type Key = [number, number, string];
/** By what a row is found again: it does not change because time goes by. */
const keys: Record<TenantSort, (tenant: FakeTenant) => Key> = {
  worst: (t) => [rank.indexOf(t.waitsFor), t.due, t.name],
  name: (t) => [0, 0, t.name],
  lateness: (t) => [0, t.due, t.name],
  rate: (t) => [0, -t.rate, t.name],
};

const compare = (a: Key, b: Key) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);

interface Sorted { version: number; rows: { tenant: FakeTenant; key: Key }[] }
const cache = new WeakMap<World, Map<string, Sorted>>();

/** All that fit, in order; kept until a tenant changes. */
function sortedFor(world: World, query: URLSearchParams): Sorted["rows"] {
  const wanted = (name: string) => query.get(name) ?? "";
  const name = ["search", "state", "reason", "source", "late", "sort"].map(wanted).join("|");
  const known = cache.get(world) ?? new Map<string, Sorted>();
  cache.set(world, known);
  const found = known.get(name);
  if (found?.version === world.version) return found.rows;
  const key = keys[(wanted("sort") || "worst") as TenantSort] ?? keys.worst;
  const dueBefore = wanted("late") ? Date.now() - Number(wanted("late")) * 1_000 : Infinity;
  const rows = world.tenants.filter((t) =>
    t.name.includes(wanted("search")) && (!wanted("state") || t.state === wanted("state")) && (!wanted("reason") || t.waitsFor === wanted("reason"))
    && (!wanted("source") || t.source === wanted("source")) && t.due < dueBefore).map((tenant) => ({ tenant, key: key(tenant) })).sort((a, b) => compare(a.key, b.key));
  known.set(name, { version: world.version, rows });
  return rows;
}

export function listTenants(world: World, query: URLSearchParams): TenantPage {
  const rows = sortedFor(world, query);
  const after = query.get("after") ? JSON.parse(Buffer.from(query.get("after")!, "base64url").toString()) as Key : null;
  const limit = Math.min(1_000, Number(query.get("limit") || 100));
  const from = after ? firstAfter(rows, after) : 0;
  const page = rows.slice(from, from + limit);
  const last = page[page.length - 1];
  const hasMore = from + limit < rows.length;
  return {
    tenants: page.map(({ tenant }) => rowOf(world, tenant, Date.now())),
    next: hasMore && last ? Buffer.from(JSON.stringify(last.key)).toString("base64url") : null,
    total: rows.length,
  };
}

function firstAfter(rows: Sorted["rows"], key: Key): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(rows[middle]!.key, key) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function rowOf(world: World, t: FakeTenant, now: number): TenantRow {
  return {
    name: t.name, id: t.id, shard: t.shard, node: world.nodeOf(t)?.name ?? null, state: t.state, reason: t.stateReason,
    waits_for: t.waitsFor, waits_since: t.waitsFor === "none" ? null : new Date(t.waitsSince).toISOString(), detail: t.detail,
    lateness_seconds: Math.max(0, Math.round((now - t.due) / 1000)), last_commit: new Date(Math.min(now, t.due) - 30_000).toISOString(),
    records_per_second: t.rate, source: t.source, connection: "main", waits_until: null,
  };
}
