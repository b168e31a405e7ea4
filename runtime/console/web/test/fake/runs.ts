import type { DeadLetter, DeadLetterPage, Run, RunKind, RunPage, RunPhase } from "../../src/api";
import { hashOf } from "./random";
import type { FakeTenant, World } from "./world";

const newest = 190_000;
const kinds: RunKind[] = ["scheduled", "scheduled", "scheduled", "scheduled", "manual", "full", "repair"];

export function runOf(world: World, run: number): Run {
  const seed = hashOf("run" + run);
  const tenant = world.tenants[seed % world.tenants.length]!;
  const age = (newest - run) * 900 + 2_000;
  const isOpen = !world.cancelled.has(run) && age < 20_000;
  const phase: RunPhase = world.cancelled.has(run) ? "cancelled" : isOpen ? "open" : seed % 37 === 0 ? "incomplete" : "finished";
  const records = seed % 40_000;
  const updated = Math.floor(records * (seed % 13) / 100);
  return {
    run, trace: seed.toString(16).padStart(8, "0").repeat(4), tenant: tenant.name, connection: "main", kind: kinds[seed % kinds.length]!, phase, started: new Date(world.began - age).toISOString(),
    ended: phase === "open" ? null : new Date(world.began - age + 1_000 + seed % 60_000).toISOString(), open: isOpen ? 1 + seed % 9 : 0, failed: phase === "incomplete" ? 2 : 0, pages: Math.ceil(records / 100), records,
    inserted: seed % 60, updated, unchanged: records - updated, refused_older: 0, dead: seed % 97 === 0 ? 3 : 0, deleted: 0, bytes: records * 520, reason: phase === "incomplete" ? "orders: the API answered 500, tried 8 times" : phase === "cancelled" ? "cancelled by an operator" : "",
  };
}

export function listRuns(world: World, query: URLSearchParams): RunPage {
  const limit = Number(query.get("limit") ?? 100);
  const runs: Run[] = [];
  let run = query.get("after") ? Number(query.get("after")) - 1 : newest;
  for (; run > newest - 20_000 && runs.length < limit; run--) {
    const each = runOf(world, run);
    if (query.get("phase") && each.phase !== query.get("phase")) continue;
    if (query.get("kind") && each.kind !== query.get("kind")) continue;
    if (query.get("tenant") && !each.tenant!.includes(query.get("tenant")!)) continue;
    runs.push(each);
  }
  return { runs, next: run > newest - 20_000 ? String(run + 1) : null };
}

export function runsOf(world: World, tenant: FakeTenant): { runs: Run[] } {
  return { runs: Array.from({ length: 8 }, (_, i) => ({ ...runOf(world, newest - 60 - i * 1_000 - tenant.id % 50), tenant: tenant.name })) };
}

const reasons = ["no key: the field \"id\" is missing", "\"total\" is not a number: \"n/a\"", "the text holds U+0000, which the database refuses"];

export function listDeadLetters(world: World, query: URLSearchParams, tenant: string): DeadLetterPage {
  const after = Number(query.get("after") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  const all = Array.from({ length: 640 }, (_, i) => letterOf(world, i + 1)).filter((l) => !world.replayed.has(l.id) && (!tenant || l.tenant === tenant));
  const page = all.filter((l) => l.id > after).slice(0, limit);
  const last = page[page.length - 1];
  return { dead_letters: page, next: last && last.id < (all[all.length - 1]?.id ?? 0) ? last.id : null, total: all.length };
}

function letterOf(world: World, id: number): DeadLetter {
  const seed = hashOf("letter" + id);
  return {
    id, tenant: world.tenants[seed % world.tenants.length]!.name, connection: "main", stream: "orders", run: newest - 100 - id, first_seen: new Date(world.began - 9e7 - id * 1e5).toISOString(),
    last_seen: new Date(world.began - id * 6e4).toISOString(), times: 1 + seed % 9, key: seed % 3 ? `gid://order/${seed % 1e6}` : "", reason: reasons[seed % 3]!, payload: JSON.stringify({ name: "order " + seed, total: "n/a", lines: [{ sku: "A-" + seed % 999 }] }),
  };
}
