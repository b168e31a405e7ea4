import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, percent, plural } from "../../src/format";

test("a duration has its two largest units and never more", () => {
  assert.deepEqual([0, 59, 61, 600, 3_600, 11_520, 90_000, 900_000].map(duration), ["0 s", "59 s", "1 m 1 s", "10 m", "1 h", "3 h 12 m", "1 d 1 h", "10 d"]);
});

test("a duration in the future or below zero is none", () => assert.equal(duration(-5), "0 s"));

test("a count is exact while it is short and has three digits that count when it is long", () => {
  assert.deepEqual([0, 7, 0.25, 12.44, 99_994, 365_000, 999_499, 1_279_000, 999_499_999, 4_872_000_000].map(count),
    ["0", "7", "0.25", "12.4", "99,994", "365 k", "999 k", "1.28 M", "999 M", "4.87 G"]);
});

test("bytes are told in powers of 1024", () => assert.deepEqual([0, 900, 1_536, 2 ** 31].map(bytes), ["0 B", "900 B", "1.5 KiB", "2.0 GiB"]));

test("a share below ten per cent has a decimal", () => assert.deepEqual([0, 0.052, 0.41].map(percent), ["0 %", "5.2 %", "41 %"]));

test("one thing is not called many", () => assert.deepEqual([plural(1, "shard"), plural(3, "shard")], ["1 shard", "3 shards"]));
