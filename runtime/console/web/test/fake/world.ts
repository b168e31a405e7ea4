import type { Activity, AuditEntry, Reason, Sink } from "../../src/api";
import { makeSinks } from "./sinks";
import { hashOf, makeRandom, pick } from "./random";

export interface FakeTenant {
  name: string; id: number; shard: number; state: Activity; stateReason: string; source: string;
  waitsFor: Reason; waitsSince: number; due: number; detail: string; rate: number; unconfirmed: string[];
}
export interface FakeNode { name: string; state: "joining" | "member" | "draining"; isSilent: boolean; since: number }
export interface FakeMove { at: string; from: string | null; to: string | null; shards: number; because: string }
export interface Done { method: string; path: string; body: unknown; key: string | undefined }

export const shardCount = 4_096;
const first = ["acme", "globex", "initech", "umbra", "hooli", "vandelay", "stark", "wonka", "tyrell", "soylent", "oscorp", "cyberdyne", "monarch", "nakatomi"];
const second = ["shop", "retail", "foods", "media", "labs", "group", "health", "travel", "sports", "books", "motors", "garden"];
export const sources = ["crm", "shop", "graph", "mail", "ads"] as const;

/** What a cluster of any size would tell, from a seed; `tick` lets it go on. */
export class World {
  readonly tenants: FakeTenant[] = [];
  readonly byName = new Map<string, FakeTenant>();
  readonly nodes: FakeNode[];
  readonly owners: number[];
  readonly epochs: number[];
  readonly moves: FakeMove[] = [];
  readonly done: Done[] = [];
  readonly cancelled = new Set<number>();
  readonly replayed = new Set<number>();
  readonly began = Date.now();
  isStoreDown = false;
  isCalm = false;
  token = "";
  logLevel = "info";
  sinks: Sink[] = makeSinks(this.began);
  /** Latest first. */
  readonly audit: AuditEntry[] = [];
  /** Grows with each change of a tenant: what was sorted before is sorted anew. */
  version = 0;

  constructor(seed: number, count: number) {
    const random = makeRandom(seed);
    this.nodes = ["n1", "n2", "n3"].map((name) => ({ name, state: "member", isSilent: false, since: this.began - 86_400_000 }));
    this.owners = Array.from({ length: shardCount }, (_, shard) => hashOf("shard" + shard) % 3);
    this.epochs = Array.from({ length: shardCount }, () => 1 + Math.floor(random() * 4));
    for (let id = 1; id <= count; id++) this.add(this.makeTenant(id, random));
    this.breakSome();
  }

  private add(tenant: FakeTenant) {
    this.tenants.push(tenant);
    this.byName.set(tenant.name, tenant);
  }

  private makeTenant(id: number, random: () => number): FakeTenant {
    const name = `${pick(random, first)}-${pick(random, second)}-${String(id).padStart(5, "0")}`;
    const lot = random();
    const waitsFor: Reason = lot < 0.955 ? "none" : lot < 0.968 ? "quota" : lot < 0.982 ? "queued" : lot < 0.988 ? "backing_off" : lot < 0.991 ? "paused" : "none";
    const waited = 5_000 + random() * 240_000;
    const now = this.began;
    return {
      name, id, shard: hashOf(name) % shardCount, state: waitsFor === "paused" ? "paused" : "active", stateReason: waitsFor === "paused" ? "contract ended" : "",
      source: waitsFor === "quota" ? "graph" : waitsFor === "backing_off" ? "shop" : pick(random, sources), waitsFor, waitsSince: now - waited, due: waitsFor === "none" ? now + random() * 900_000 : now - waited,
      detail: details[waitsFor] ?? "", rate: waitsFor === "none" && random() < 0.15 ? random() * 400 : 0, unconfirmed: [],
    };
  }

  /** The cases that an operator has to find: each with few tenants. */
  private breakSome() {
    const h = 3_600_000;
    const set = (index: number, change: Partial<FakeTenant>) => Object.assign(this.tenants[index % this.tenants.length]!, { rate: 0 }, change);
    const at = this.began;
    set(41, { waitsFor: "suspended", waitsSince: at - 3.2 * h, due: at - 3.2 * h, source: "shop", detail: "orders: the API answered 401: Invalid API key or access token", state: "active" });
    for (const i of [120, 133, 147, 158]) set(i, { waitsFor: "suspended", waitsSince: at - 0.6 * h - i, due: at - 0.7 * h, source: "ads", detail: "campaigns: the API answered 403: the app was disconnected by its owner", state: "active" });
    for (let i = 200; i < 212; i++) set(i, { waitsFor: "api_slow", waitsSince: at - 0.4 * h - i * 900, due: at - 0.4 * h, source: "mail", detail: "messages: no first byte within 30 s, try 4", state: "active" });
    for (const i of [260, 271]) set(i, { waitsFor: "not_heard", waitsSince: at - 0.2 * h, due: at - 60_000, source: "graph", detail: "live: the WebSocket was refused with 429", state: "active" });
    set(300, { waitsFor: "none", source: "crm", unconfirmed: ["contacts"], detail: "contacts: a full pass missed 41 % of the records; nothing was deleted", state: "active" });
  }

  nodeOf(tenant: FakeTenant): FakeNode | undefined { return this.nodes[this.owners[tenant.shard] ?? -1]; }

  /** As kill -9 does: silent first, then its shards without an owner, then with the others. */
  killNode(name: string) {
    const index = this.nodes.findIndex((node) => node.name === name);
    Object.assign(this.nodes[index]!, { isSilent: true, since: Date.now() });
    return {
      loseShards: () => this.owners.forEach((owner, shard) => { if (owner === index) this.owners[shard] = -1; }),
      takeOver: () => this.take(index, `${name} was declared gone`),
    };
  }

  drain(name: string) {
    const index = this.nodes.findIndex((node) => node.name === name);
    this.nodes[index]!.state = "draining";
    this.take(index, `${name} is drained`);
  }

  private take(lost: number, because: string) {
    const others = this.nodes.map((_, index) => index).filter((index) => index !== lost && !this.nodes[index]!.isSilent);
    const moved = new Map<number, number>();
    this.owners.forEach((owner, shard) => {
      if (owner !== lost && owner !== -1) return;
      const next = others[shard % others.length]!;
      this.owners[shard] = next;
      this.epochs[shard]!++;
      moved.set(next, (moved.get(next) ?? 0) + 1);
    });
    for (const [to, shards] of moved) this.moves.unshift({ at: new Date().toISOString(), from: this.nodes[lost]!.name, to: this.nodes[to]!.name, shards, because });
  }

  change(tenant: FakeTenant, change: Partial<FakeTenant>) {
    Object.assign(tenant, change);
    this.version++;
  }

  repair(tenant: FakeTenant) {
    this.change(tenant, { waitsFor: "none", state: "active", stateReason: "", detail: "", due: Date.now() + 60_000, rate: 120 });
  }
}

const details: Partial<Record<Reason, string>> = {
  quota: "posts: the app's budget of 200 calls an hour is used up", queued: "its run waits for a free miner", backing_off: "orders: the API answered 503, try 2 of 8",
};
