import assert from "node:assert/strict";
import { test } from "node:test";
import { listTenants } from "../fake/tenants";
import { World } from "../fake/world";

const world = new World(3, 5_000);
const page = (query: Record<string, string>) => listTenants(world, new URLSearchParams(query));

test("pages by key hold every tenant once, in each order", () => {
  for (const sort of ["worst", "name", "lateness", "rate"]) {
    const names: string[] = [];
    for (let after: string | null = ""; after !== null && names.length < 6_000;) {
      const found = page({ sort, limit: "700", after });
      names.push(...found.tenants.map((tenant) => tenant.name));
      after = found.next;
    }
    assert.equal(names.length, 5_000, sort);
    assert.equal(new Set(names).size, 5_000, sort);
  }
});

test("filters are joined by and", () => {
  const found = page({ reason: "suspended", source: "ads", limit: "100" });
  assert.equal(found.total, 4);
  assert.ok(found.tenants.every((tenant) => tenant.waits_for === "suspended" && tenant.source === "ads"));
});
