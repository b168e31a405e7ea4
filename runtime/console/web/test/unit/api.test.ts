import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeApi, queryOf } from "../../src/api";

interface Sent { method: string; path: string; key: string | undefined }

function recorded() {
  const sent: Sent[] = [];
  const api = makeApi((method, path, _body, key) => { sent.push({ method, path, key }); return Promise.resolve({}); });
  return { sent, api };
}

function documented(): Set<string> {
  const document = JSON.parse(readFileSync("../openapi.json", "utf8")) as { paths: Record<string, Record<string, unknown>> };
  return new Set(Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("/api/v1", "").replace(/\{\w+\}/g, "{}")}`)));
}

test("every call is of a route that openapi.json lists", async () => {
  const { sent, api } = recorded();
  for (const call of Object.values(api) as ((...values: unknown[]) => Promise<unknown>)[]) await call("@", "@", "@", "@");
  const routes = documented();
  const called = sent.map(({ method, path }) => `${method} ${path.split("?")[0]!.split("/").map((part) => (part === "%40" || part === "@" ? "{}" : part)).join("/")}`);
  assert.ok(called.length > 25);
  for (const call of called) assert.ok(routes.has(call), `${call} is not in openapi.json`);
});

test("names are escaped in paths", async () => {
  const { sent, api } = recorded();
  await api.connection("a/b", "c d?e");
  assert.equal(sent[0]!.path, "/tenants/a%2Fb/connections/c%20d%3Fe");
});

test("changes that must happen once carry the key that they were given", async () => {
  const { sent, api } = recorded();
  await api.trigger("a", "b", { kind: "manual" }, "k1");
  await api.cancelRun(4, "why", "k2");
  await api.confirmDeletes("a", "b", ["s"], "k3");
  await api.reset("a", "b", undefined, "k4");
  await api.replay(4, "k5");
  assert.deepEqual(sent.map((each) => each.key), ["k1", "k2", "k3", "k4", "k5"]);
});

test("what is empty is not asked for", () => assert.equal(queryOf({ a: "", b: undefined, c: 0, d: "x y" }), "?c=0&d=x%20y"));
