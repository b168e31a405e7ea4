import { seriesNames, type Cluster, type History, type Overview, type Reason, type Series, type Shards } from "../../src/api";
import { hashOf } from "./random";
import { problemsOf } from "./problems";
import { shardCount, type World } from "./world";

const base: Record<Series, number> = { records: 18_400, calls: 212, changed_share: 0.064, errors: 3.1, lateness: 41, queue: 2_310, memory: 1.9 * 2 ** 30 };

/** A curve that wanders, is the same for the same moment, and shows that an API hangs since half an hour. */
export function valueAt(series: Series, second: number, nowSecond: number): number {
  const phase = hashOf(series) % 1000;
  const wave = 1 + 0.18 * Math.sin((second + phase) / 410) + 0.07 * Math.sin((second + phase) / 77);
  const noise = 0.94 + (hashOf(series + Math.floor(second / 15)) % 1000) / 8_000;
  const isHanging = nowSecond - second < 1_500;
  const shift = !isHanging ? 1 : series === "errors" ? 4.2 : series === "lateness" ? 2.1 : series === "queue" ? 1.5 : 1;
  return base[series] * (series === "memory" ? 1 + 0.05 * Math.sin(second / 900) : wave * noise) * shift;
}

export function historyOf(): History {
  const nowSecond = Math.floor(Date.now() / 15_000) * 15;
  const steps = 240;
  const series = Object.fromEntries(seriesNames.map((name) => [name,
    Array.from({ length: steps }, (_, i) => (i > 96 && i < 101 ? null : valueAt(name, nowSecond - (steps - 1 - i) * 15, nowSecond)))])) as History["series"];
  return { from: new Date((nowSecond - (steps - 1) * 15) * 1000).toISOString(), step_seconds: 15, series };
}

export function overviewOf(world: World): Overview {
  const second = Date.now() / 1000;
  const tenants = { active: 0, paused: 0, suspended: 0, deleting: 0 };
  const waiting: Partial<Record<Reason, number>> = {};
  for (const t of world.tenants) {
    tenants[t.state]++;
    if (t.waitsFor !== "none") waiting[t.waitsFor] = (waiting[t.waitsFor] ?? 0) + 1;
  }
  const problems = problemsOf(world);
  return {
    as_of: new Date().toISOString(), store: "ok", tenants, waiting, problems, problems_total: problems.length,
    nodes: clusterOf(world).nodes.map((n) => ({ name: n.name, state: n.state, is_silent: n.is_silent, shards: n.shards, records_per_second: n.figures?.records_per_second ?? 0 })),
    shards_without_node: world.owners.filter((owner) => owner < 0).length,
    now: Object.fromEntries(seriesNames.map((name) => [name, valueAt(name, second, second)])) as Record<Series, number>,
  };
}

const actors: [string, string | null, number][] = [
  ["lode.node", null, 1], ["lode.scheduler", "lode.node", 1], ["lode.run-keeper", "lode.node", 1], ["lode.shard-region", "lode.node", 1], ["lode.shard-keeper", "lode.node", 1],
  ["lode.membership", "lode.node", 1], ["lode.peer-links", "lode.node", 1], ["lode.peer-gate", "lode.peer-links", 1], ["lode.tenant-router", "lode.shard-region", 1],
  ["lode.tenant-supervisor", "lode.shard-region", 310], ["lode.miner", "lode.tenant-supervisor", 840], ["lode.credential-keeper", "lode.tenant-supervisor", 96],
  ["lode.sweeper", "lode.tenant-supervisor", 4], ["lode.websocket-listener", "lode.tenant-supervisor", 58], ["lode.gap-keeper", "lode.node", 1],
  ["lode.fetch-gate", "lode.node", 1], ["lode.processor", "lode.node", 2], ["lode.quarantine", "lode.node", 1], ["lode.page-writer", "lode.node", 4], ["lode.timers", "lode.node", 1],
];

export function clusterOf(world: World): Cluster {
  const second = Math.floor(Date.now() / 1000);
  const share = world.nodes.map((_, index) => world.owners.filter((owner) => owner === index).length);
  const nodes = world.nodes.map((node, i): Cluster["nodes"][number] => ({
    name: node.name, state: node.state, weight: 100, address: `10.0.0.${i + 1}:7790`, beats: second, shards: share[i]!, tenants: Math.round(world.tenants.length * share[i]! / shardCount),
    is_asked: i === 0, is_silent: node.isSilent, link: i === 0 ? { state: "self", why_not: null } : node.isSilent ? { state: "dialling", why_not: "no route to 10.0.0." + (i + 1) } : { state: "up", why_not: null },
    figures: node.isSilent ? null : {
      name: node.name, version: "0.1.0", uptime_seconds: Math.round((Date.now() - node.since) / 1000), shards: share[i]!, open_runs: 310, miners: 840, requests_in_flight: 71, bytes_in_flight: 18e6, bytes_allowed: 268e6,
      waiting_for_quota: 52, pages: 9e6, records: 8e8, inserted: 5e8, updated: 1e7, unchanged: 3e8, dead: 41, pages_per_second: valueAt("calls", second, second) * share[i]! / shardCount,
      records_per_second: valueAt("records", second, second) * share[i]! / shardCount, memory_bytes: valueAt("memory", second, second) / 3,
    },
    actors: node.isSilent ? [] : actors.map(([name, parent, running]) => ({
      name, parent, running, mailbox: hashOf(name + second) % (name === "lode.page-writer" ? 40 : 3), messages: (second % 1e7) * (1 + hashOf(name) % 40) * running, processing_seconds: (second % 1e7) * running * 4e-6 * (1 + hashOf(name) % 30),
      restarts: name === "lode.miner" ? 2 : 0,
    })),
  }));
  return { view: 7 + world.moves.length, asked: "n1", shards: shardCount, shards_without_node: world.owners.filter((owner) => owner < 0).length, nodes };
}

export const shardsOf = (world: World): Shards => ({ nodes: world.nodes.map((n) => n.name), owners: [...world.owners], epochs: [...world.epochs], moves: world.moves.slice(0, 50) });
