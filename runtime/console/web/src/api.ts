// The node's HTTP API, typed by hand from ../openapi.json.

export type Activity = "active" | "paused" | "suspended" | "deleting";

/** Why something does not advance. "none": it does. */
export type Reason =
  | "none" | "quota" | "backing_off" | "api_slow" | "queued" | "store_slow" | "suspended" | "paused" | "moving" | "not_heard";

export type RunKind = "scheduled" | "manual" | "backfill" | "repair" | "full";
export type RunPhase = "open" | "finished" | "incomplete" | "cancelled";

export interface Figures {
  name: string; version: string; uptime_seconds: number; shards: number; open_runs: number; miners: number;
  requests_in_flight: number; bytes_in_flight: number; bytes_allowed: number; waiting_for_quota: number;
  pages: number; records: number; inserted: number; updated: number; unchanged: number; dead: number;
  pages_per_second: number; records_per_second: number;
  memory_bytes?: number;
}

export interface ActorFigures {
  name: string; mailbox: number; messages: number; processing_seconds: number;
  parent?: string | null; running?: number; restarts?: number;
}

export interface ClusterNode {
  name: string; state: "joining" | "member" | "draining"; weight: number; address: string | null; beats: number;
  shards: number; tenants: number; is_asked: boolean; is_silent: boolean;
  link: { state: "self" | "none" | "dialling" | "awaited" | "up" | "refused"; why_not: string | null };
  figures: Figures | null; actors: ActorFigures[];
}

export interface Cluster { view: number; asked: string; shards: number; shards_without_node: number; nodes: ClusterNode[] }

/** Owner (index into nodes, -1: nobody) and epoch of each shard, and what moved last. */
export interface Shards {
  nodes: string[]; owners: number[]; epochs: number[];
  moves: { at: string; from: string | null; to: string | null; shards: number; because: string }[];
}

/** One thing that is wrong, for everybody whom it concerns. */
export interface Problem {
  id: string; severity: "critical" | "warning" | "notice"; reason: Reason | string;
  title: string; detail: string; help: string; since: string | null; tenants: number;
  examples: { tenant: string; connection: string; since: string | null; detail: string }[];
  action: "secrets" | "resume" | "confirm_deletes" | "undrain" | null; source: string | null; node: string | null;
}

/** The first page in one answer. */
export interface Overview {
  as_of: string; store: string; tenants: Record<Activity, number>; waiting: Partial<Record<Reason, number>>;
  problems: Problem[]; problems_total: number;
  nodes: { name: string; state: string; is_silent: boolean; shards: number; records_per_second: number }[];
  shards_without_node: number;
  now: Record<Series, number>;
}

export const seriesNames = ["records", "calls", "changed_share", "errors", "lateness", "queue", "memory"] as const;
export type Series = (typeof seriesNames)[number];

/** null: nothing was measured in that step. */
export interface History { from: string; step_seconds: number; series: Record<Series, (number | null)[]> }

export interface Tenant {
  name: string; id: number; shard: number; node: string | null; state: Activity; reason: string; connections?: string[];
}

/** A connection with what it waits for; or a tenant that has none (`connection` is null then). */
export interface TenantRow extends Omit<Tenant, "connections"> {
  connection: string | null; waits_for: Reason; waits_since: string | null; waits_until: string | null; detail: string; lateness_seconds: number;
  last_commit: string | null; records_per_second: number; source: string | null;
}
export type TenantSort = "worst" | "name" | "lateness" | "rate";
export interface TenantQuery {
  search?: string; state?: Activity | ""; reason?: Reason | ""; late?: number; source?: string; sort?: TenantSort; after?: string; limit?: number;
}
export interface TenantPage { tenants: TenantRow[]; next: string | null; total: number | null }

export interface Connection {
  tenant: string; name: string; source: string; state: Activity; reason: string; streams: string[];
  schedule: { every?: string; cron?: string; time_zone?: string } | null;
  configuration: Record<string, unknown>; secrets: Record<string, string>;
  live?: { state: "listening" | "silent"; since: string; healthy_until: string; reason: string; rechecks: number } | null;
}

/** The answer of `lode why`, of each connection. */
export interface Why {
  tenant: string;
  connections: {
    connection: string; waits_for: Reason; since: string | null; until: string | null; text: string; help: string;
    lateness_seconds: number; next_run: string | null; unconfirmed_deletes: string[];
  }[];
}

/** */
export interface StreamProgress {
  stream: string; partitions: number; partitions_open: number; known_up_to: string | null; lateness_seconds: number;
  records: number; changed_share: number; owed: number; cursor: string; done_share: number | null;
}

/** Excerpts have their secrets masked and are at most 2 KiB each. */
export interface CallError {
  at: string; stream: string; partition: string; status: number | null; attempt: number; text: string; request: string; response: string; run: number;
}

/** The actors that work for a tenant, on its node. */
export interface Supervision { nodes: { node: string; tree: SupervisionNode[] }[] }
export interface SupervisionNode { name: string; what: string; state: string; restarts: number; since: string; children: SupervisionNode[] }

export interface Run {
  run: number; trace: string; tenant?: string; connection?: string; kind: RunKind; phase: RunPhase; started: string; ended: string | null;
  open: number; failed: number; pages: number; records: number; inserted: number; updated: number; unchanged: number;
  refused_older: number; dead: number; deleted: number; bytes: number; reason: string;
}
export interface RunQuery { phase?: RunPhase | ""; kind?: RunKind | ""; tenant?: string; after?: string; limit?: number }
export interface RunPage { runs: Run[]; next: string | null }

export interface DeadLetter {
  id: number; tenant?: string; connection: string; stream: string; run: number; first_seen: string; last_seen: string; times: number;
  key: string; reason: string; payload: string;
}
export interface DeadLetterPage { dead_letters: DeadLetter[]; next: number | null; total?: number }

export interface Completeness {
  stream: string; from: string | null; to: string; complete: boolean; read_until: string | null; cut: boolean;
  owed: { partition: string; from: string | null; to: string; reason: string; detail: string; run: number | null }[];
  deletes_unverified?: { from: string | null; to: string; detail: string; run: number | null }[];
}

export interface Gap {
  id: number; state: "owed" | "repairing" | "unverified" | "closed"; from: string | null; until: string | null; reason: string;
  run: number | null; failures: number; unverified_streams: string[];
}

export interface RunRequest { command: string; answer: "requested" | "already_requested" | "already_open"; run?: number }

export const logLevels = ["trace", "debug", "info", "warning", "error"] as const;
export interface LogLevel { node: string; level: string }

export interface AuditEntry {
  id: number; at: string; node: string; who: string; method: string; path: string; tenant: string | null; connection: string | null; status: number | null;
}
export interface AuditPage { entries: AuditEntry[]; next: number | null }

/** Where changes go. Never its settings. */
export interface Sink {
  name: string; kind: string; streams: string[]; state: "active" | "paused" | "suspended"; reason: string;
  changes_behind: number; shards_behind: number; shards_failing: number; delivered: number;
  last_delivered: string | null; failing_since: string | null; error: string;
}

/** A backfill has a span; without streams it is of all. */
export interface RunWanted { kind: RunKind; from?: string; to?: string; streams?: string[] }

/** What went wrong, in the node's words. code "no_node": it did not answer at all. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) { super(message); }
}

type Query = Record<string, string | number | undefined>;

/** "?a=1&b=2" without what is empty. */
export function queryOf(query: Query): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return set.length ? "?" + set.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&") : "";
}

export interface Transport { (method: string, path: string, body: unknown, key: string | undefined, signal: AbortSignal | undefined): Promise<unknown> }

const e = encodeURIComponent;
const connectionPath = (tenant: string, connection: string) => `/tenants/${e(tenant)}/connections/${e(connection)}`;

/** Every call that the page makes. A change takes a key of its own, so that it may be sent again when no answer came. */
export function makeApi(send: Transport) {
  const get = <T>(path: string, signal?: AbortSignal) => send("GET", path, undefined, undefined, signal) as Promise<T>;
  const act = <T>(method: string, path: string, body: unknown, key?: string) => send(method, path, body, key, undefined) as Promise<T>;
  return {
    overview: (s?: AbortSignal) => get<Overview>("/overview", s),
    history: (s?: AbortSignal) => get<History>("/history?span=3600&step=15", s),
    cluster: (s?: AbortSignal) => get<Cluster>("/cluster", s),
    shards: (s?: AbortSignal) => get<Shards>("/shards", s),
    tenants: (query: TenantQuery, s?: AbortSignal) => get<TenantPage>("/tenants" + queryOf({ view: "standing", ...query }), s),
    tenant: (tenant: string, s?: AbortSignal) => get<Tenant>(`/tenants/${e(tenant)}`, s),
    why: (tenant: string, s?: AbortSignal) => get<Why>(`/tenants/${e(tenant)}/why`, s),
    supervision: (tenant: string, s?: AbortSignal) => get<Supervision>(`/tenants/${e(tenant)}/supervision`, s),
    connection: (t: string, c: string, s?: AbortSignal) => get<Connection>(connectionPath(t, c), s),
    streams: (t: string, c: string, s?: AbortSignal) => get<{ streams: StreamProgress[] }>(connectionPath(t, c) + "/streams", s),
    errors: (t: string, c: string, s?: AbortSignal) => get<{ errors: CallError[] }>(connectionPath(t, c) + "/errors?limit=20", s),
    complete: (t: string, c: string, stream: string, s?: AbortSignal) =>
      get<Completeness>(connectionPath(t, c) + `/streams/${e(stream)}/complete`, s),
    gaps: (t: string, c: string, s?: AbortSignal) => get<{ gaps: Gap[]; next: number | null }>(connectionPath(t, c) + "/gaps?limit=20", s),
    connectionRuns: (t: string, c: string, s?: AbortSignal) => get<{ runs: Run[] }>(connectionPath(t, c) + "/runs?limit=20", s),
    runs: (query: RunQuery, s?: AbortSignal) => get<RunPage>("/runs" + queryOf({ ...query }), s),
    run: (run: number, s?: AbortSignal) => get<Run>(`/runs/${run}`, s),
    deadLetters: (after: number | null, tenant: string, s?: AbortSignal) =>
      get<DeadLetterPage>((tenant ? `/tenants/${e(tenant)}` : "") + "/dead-letters" + queryOf({ after: after ?? undefined, limit: 100 }), s),

    sinks: (s?: AbortSignal) => get<{ sinks: Sink[] }>("/sinks", s),
    logLevel: (s?: AbortSignal) => get<LogLevel>("/log-level", s),
    audit: (tenant: string, after: string | null, s?: AbortSignal) => get<AuditPage>("/audit" + queryOf({ tenant, after: after ?? undefined, limit: 100 }), s),

    trigger: (t: string, c: string, wanted: RunWanted, key: string) => act<RunRequest>("POST", connectionPath(t, c) + "/runs", wanted, key),
    reset: (t: string, c: string, streams: string[] | undefined, key: string) =>
      act<{ streams: string[]; cancelled_runs: number }>("POST", connectionPath(t, c) + "/reset", streams ? { streams } : {}, key),
    setLogLevel: (level: string) => act<LogLevel>("PUT", "/log-level", { level }),
    setConnection: (t: string, c: string, state: "active" | "paused", reason: string) =>
      act<Connection>("PATCH", connectionPath(t, c), { state, reason }),
    setTenant: (t: string, state: "active" | "paused", reason: string) => act<Tenant>("PATCH", `/tenants/${e(t)}`, { state, reason }),
    putSecrets: (t: string, c: string, secrets: Record<string, string>) => act<Connection>("PUT", connectionPath(t, c) + "/secrets", secrets),
    confirmDeletes: (t: string, c: string, streams: string[], key: string) =>
      act<unknown>("POST", connectionPath(t, c) + "/confirm-deletes", { streams }, key),
    cancelRun: (run: number, reason: string, key: string) => act<Run>("POST", `/runs/${run}/cancel`, { reason }, key),
    replay: (id: number, key: string) => act<unknown>("POST", `/dead-letters/${id}/replay`, {}, key),
    setSink: (sink: string, state: "active" | "paused") => act<Sink>("PATCH", `/sinks/${e(sink)}`, { state }),
    removeSink: (sink: string) => act<unknown>("DELETE", `/sinks/${e(sink)}`, undefined),
    drain: (node: string) => act<unknown>("POST", `/nodes/${e(node)}/drain`, {}),
    undrain: (node: string) => act<unknown>("POST", `/nodes/${e(node)}/undrain`, {}),
  };
}
export type Api = ReturnType<typeof makeApi>;
