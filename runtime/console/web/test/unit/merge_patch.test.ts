import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePatch, type Json } from "../../src/store/merge_patch";
import { makeRandom, pick } from "../fake/random";
import { patchOf } from "../fake/live_socket";

test("null removes, objects merge, all else replaces (RFC 7396)", () => {
  assert.deepEqual(mergePatch({ a: 1, b: { c: 2, d: 3 }, e: [1, 2] }, { a: null, b: { d: 4 }, e: [9] }), { b: { c: 2, d: 4 }, e: [9] });
});

test("what did not change stays the same object", () => {
  const before = { a: { x: 1 }, b: { y: 2 } };
  const after = mergePatch(before, { b: { y: 3 } }) as typeof before;
  assert.equal(after.a, before.a);
  assert.deepEqual(before.b, { y: 2 });
});

test("a patch of any two documents makes one of the other", () => {
  const random = makeRandom(11);
  const make = (depth: number): Json => {
    const kind = random();
    if (depth === 0 || kind < 0.4) return pick<Json>(random, [1, "x", true, 0, "", [1], []]);
    return Object.fromEntries(["a", "b", "c", "d"].filter(() => random() < 0.6).map((name) => [name, make(depth - 1)]));
  };
  for (let i = 0; i < 500; i++) {
    const before = { top: make(3) };
    const after = { top: make(3) };
    const patch = patchOf(before, after);
    assert.deepEqual(patch === undefined ? before : mergePatch(before, patch), after);
  }
});
