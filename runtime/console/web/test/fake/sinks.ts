import type { Sink } from "../../src/api";

/** One that is well, one that fails, one that needs a person. */
export function makeSinks(began: number): Sink[] {
  const before = (seconds: number) => new Date(began - seconds * 1_000).toISOString();
  const well: Sink = {
    name: "lake", kind: "jsonl", streams: [], state: "active", reason: "", changes_behind: 12, shards_behind: 3, shards_failing: 0, delivered: 4_812_003,
    last_delivered: before(1), failing_since: null, error: "",
  };
  return [
    { ...well, name: "billing", kind: "webhook", streams: ["shop/orders", "crm/*"], changes_behind: 9_214, shards_behind: 41, shards_failing: 41, delivered: 81_120,
      last_delivered: before(2_400), failing_since: before(2_390), error: "the target answered 503 Service Unavailable" },
    well,
    { ...well, name: "old-lake", state: "suspended", changes_behind: 88_000, shards_behind: 900, last_delivered: before(900_000),
      reason: "changes are lost to it: the feed of shard 17 was removed up to position 812" },
  ];
}
