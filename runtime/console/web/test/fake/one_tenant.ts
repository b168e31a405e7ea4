import type { CallError, Completeness, Connection, Gap, StreamProgress, Supervision, Tenant, Why } from "../../src/api";
import { hashOf } from "./random";
import type { FakeTenant, World } from "./world";

const streamsOf: Record<string, string[]> = { crm: ["contacts", "deals"], shop: ["orders", "products", "customers"], graph: ["posts", "comments", "insights"], mail: ["messages", "lists"], ads: ["campaigns", "spend"] };
const iso = (ms: number) => new Date(ms).toISOString();

export const tenantOf = (world: World, t: FakeTenant): Tenant =>
  ({ name: t.name, id: t.id, shard: t.shard, node: world.nodeOf(t)?.name ?? null, state: t.state, reason: t.stateReason, connections: ["main"] });

export const connectionOf = (t: FakeTenant): Connection => ({
  tenant: t.name, name: "main", source: t.source, state: t.waitsFor === "suspended" ? "suspended" : t.waitsFor === "paused" ? "paused" : "active", reason: t.waitsFor === "suspended" ? t.detail : t.stateReason,
  streams: streamsOf[t.source]!, schedule: { every: "15m" }, configuration: { base_url: `https://${t.name}.example/api/v2`, start: "2024-01-01T00:00:00Z" },
  secrets: t.source === "crm" ? { client_secret: "***", refresh_token: "***" } : { api_key: "***" },
  live: t.source === "graph" ? { state: t.waitsFor === "not_heard" ? "silent" : "listening", since: iso(t.waitsSince), healthy_until: iso(t.waitsSince), reason: t.waitsFor === "not_heard" ? "the WebSocket was refused with 429" : "", rechecks: 2 } : null,
});

const texts: Record<string, [string, string]> = {
  none: ["It is mined as its schedule says.", ""],
  suspended: ["The API refuses its credentials. Nothing is mined until there are new ones.", "Give new credentials; its runs then go on where they were."],
  api_slow: ["The API does not answer in time. Each page is tried again, later each time.", "Nothing to do here; ask the provider if it lasts."],
  quota: ["The calls of its app are used up for this hour. All its tenants share them.", "It goes on by itself. A higher limit is asked for at the provider."],
  backing_off: ["The API answers with errors; the page is tried again.", "Nothing to do unless it lasts."],
  queued: ["Its run is due and waits for a free miner.", "If it lasts, more nodes would help."],
  not_heard: ["Live events are not heard; scheduled runs go on.", "The gap is repaired once the listener is back."],
  paused: ["Somebody paused it.", "Resume it."],
};

export const whyOf = (t: FakeTenant): Why => ({
  tenant: t.name,
  connections: [{
    connection: "main", waits_for: t.waitsFor, since: t.waitsFor === "none" ? null : iso(t.waitsSince), until: t.waitsFor === "quota" ? iso(Math.ceil(Date.now() / 3.6e6) * 3.6e6) : null,
    text: `${texts[t.waitsFor]?.[0] ?? t.detail}${t.detail ? ` ${t.detail}.` : ""}`, help: texts[t.waitsFor]?.[1] ?? "", lateness_seconds: Math.max(0, Math.round((Date.now() - t.due) / 1000)),
    next_run: iso(Math.max(Date.now() + 1000, t.due)), unconfirmed_deletes: t.unconfirmed,
  }],
});

export const progressOf = (t: FakeTenant): { streams: StreamProgress[] } => ({
  streams: streamsOf[t.source]!.map((stream, i) => {
    const seed = hashOf(t.name + stream);
    const isOpen = t.rate > 0 || t.waitsFor !== "none";
    return {
      stream, partitions: 1 + seed % 300, partitions_open: isOpen ? seed % 40 : 0, known_up_to: iso(Math.min(Date.now(), t.due) - 60_000 * (i + 1)), lateness_seconds: Math.max(0, Math.round((Date.now() - t.due) / 1000)),
      records: seed % 2_000_000, changed_share: (seed % 90) / 1000, owed: t.waitsFor === "none" ? 0 : 1 + i, cursor: `updated_at ≥ ${iso(t.due - 60_000).slice(0, 19)}Z`, done_share: isOpen ? (seed % 97) / 100 : null,
    };
  }),
});

export const errorsOf = (t: FakeTenant): { errors: CallError[] } => ({
  errors: !["suspended", "api_slow", "backing_off"].includes(t.waitsFor) ? [] : Array.from({ length: 4 }, (_, i) => ({
    at: iso(Date.now() - 40_000 * (i + 1) ** 2), stream: streamsOf[t.source]![0]!, partition: "", status: t.waitsFor === "api_slow" ? null : t.waitsFor === "suspended" ? 401 : 503, attempt: 4 - i, text: t.detail,
    request: `GET /api/v2/${streamsOf[t.source]![0]}?limit=100&cursor=eyJpZCI6MTA0fQ HTTP/1.1\nHost: ${t.name}.example\nX-Api-Key: ***\nAccept: application/json`,
    response: t.waitsFor === "api_slow" ? "" : `HTTP/1.1 ${t.waitsFor === "suspended" ? "401 Unauthorized" : "503 Service Unavailable"}\nContent-Type: application/json\n\n{"errors":"${t.detail}"}`, run: 90_000 + t.id,
  })),
});

export const completenessOf = (t: FakeTenant, stream: string): Completeness => ({
  stream, from: null, to: iso(Date.now()), complete: t.waitsFor === "none", read_until: null, cut: false,
  owed: t.waitsFor === "none" ? [] : [{ partition: "", from: iso(t.due), to: iso(Date.now()), reason: t.waitsFor === "suspended" ? "failed" : "not_read", detail: t.detail, run: 90_000 + t.id }],
});

export const gapsOf = (t: FakeTenant): { gaps: Gap[]; next: null } => ({
  next: null,
  gaps: t.source !== "graph" ? [] : [
    { id: 12, state: t.waitsFor === "not_heard" ? "owed" : "closed", from: iso(t.waitsSince), until: t.waitsFor === "not_heard" ? null : iso(t.waitsSince + 8_000), reason: "the connection was closed by the API: 1011", run: null, failures: 0, unverified_streams: [] },
    { id: 11, state: "closed", from: iso(t.waitsSince - 9e6), until: iso(t.waitsSince - 8.9e6), reason: "the node was restarted", run: 88_000 + t.id, failures: 0, unverified_streams: [] },
  ],
});

export function supervisionOf(world: World, t: FakeTenant): Supervision {
  const at = iso(Math.min(Date.now() - 60_000, t.waitsSince));
  const leaf = (name: string, what: string, state: string, restarts = 0) => ({ name, what, state, restarts, since: at, children: [] });
  return {
    nodes: [{ node: world.nodeOf(t)?.name ?? "no node", tree: [{ name: "tenant-supervisor", what: t.name, state: t.waitsFor === "none" ? "works" : "waits", restarts: 0, since: at,
      children: [...streamsOf[t.source]!.map((stream) => leaf("miner", stream, t.waitsFor === "none" ? "waits for its next run" : `waits: ${t.waitsFor.replace("_", " ")}`, t.waitsFor === "api_slow" ? 1 : 0)), leaf("credential-keeper", "main", "idle")] }] }],
  };
}
