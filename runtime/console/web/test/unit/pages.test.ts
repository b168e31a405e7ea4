import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterNode, Problem } from "../../src/api";
import { byWeight } from "../../src/pages/overview/problem_order";
import { placeOf } from "../../src/pages/overview/problem_place";
import { actionText, thingOf } from "../../src/pages/audit/audit_text";
import { rateOf, sampleOf } from "../../src/pages/actors/message_rates";
import { placeActors } from "../../src/pages/actors/actor_tree";

const actor = (name: string, parent: string | null) => ({ name, parent, mailbox: 0, messages: 0, processing_seconds: 0 });

test("children stand below their parents", () => {
  const placed = placeActors([actor("miner", "supervisor"), actor("writer", "node"), actor("supervisor", "node"), actor("node", null)]);
  assert.deepEqual(placed.map(({ actor: { name }, depth }) => [name, depth]), [["node", 0], ["supervisor", 1], ["miner", 2], ["writer", 1]]);
});

test("an actor whose parent is not told stands at the top, and none is lost", () => {
  const placed = placeActors([actor("b", "gone"), actor("a", null), { name: "c", mailbox: 0, messages: 0, processing_seconds: 0 }]);
  assert.deepEqual(placed.map(({ actor: { name }, depth }) => [name, depth]), [["a", 0], ["b", 0], ["c", 0]]);
});

test("problems stand worst first, then by whom they concern, then by how long they last", () => {
  const problem = (id: string, severity: Problem["severity"], tenants: number, since: string): Problem =>
    ({ id, severity, tenants, since, reason: "", title: "", detail: "", help: "", examples: [], action: null, source: null, node: null });
  const sorted = [problem("notice", "notice", 900, "2026-01-01T00:00:00Z"), problem("one", "critical", 1, "2026-01-01T00:00:00Z"), problem("late", "critical", 4, "2026-01-02T00:00:00Z"),
    problem("early", "critical", 4, "2026-01-01T00:00:00Z"), problem("node", "critical", 0, "2026-01-03T00:00:00Z"), problem("warning", "warning", 2, "2026-01-01T00:00:00Z")].sort(byWeight);
  assert.deepEqual(sorted.map(({ id }) => id), ["node", "early", "late", "one", "warning", "notice"]);
});

test("a problem leads to the page that shows all of it", () => {
  const problem = (reason: string, tenants: number, examples: Problem["examples"] = []): Problem =>
    ({ id: "", severity: "warning", tenants, since: null, reason, title: "", detail: "", help: "", examples, action: null, source: "shop", node: null });
  assert.deepEqual(placeOf(problem("sink_fails", 0)), { path: ["sinks"], query: {} });
  assert.deepEqual(placeOf(problem("sink_suspended", 0)).path, ["sinks"]);
  assert.deepEqual(placeOf(problem("node_silent", 0)).path, ["cluster"]);
  assert.deepEqual(placeOf(problem("quota", 9)), { path: ["tenants"], query: { reason: "quota", source: "shop", sort: "worst" } });
  assert.deepEqual(placeOf(problem("quota", 1, [{ tenant: "acme", connection: "crm", since: null, detail: "" }])).path, ["tenants", "acme"]);
});

test("a change is told in words, and as it was asked where there are none", () => {
  const told = (asked: string) => actionText(asked.split(" ")[0]!, "/api/v1" + asked.split(" ")[1]!);
  assert.deepEqual(["PUT /tenants/a/connections/b/secrets", "POST /tenants/a/connections/b/runs", "POST /nodes/n1/undrain", "PATCH /tenants/a", "PUT /tenants/a/connections/b", "DELETE /sinks/lake", "POST /new/thing"].map(told),
    ["new credentials", "run started", "node undrained", "tenant paused or resumed", "connection set up", "sink removed", "POST /new/thing"]);
  assert.deepEqual(["/api/v1/nodes/n3/drain", "/api/v1/dead-letters/4/replay", "/api/v1/log-level"].map(thingOf), ["node n3", "dead letter 4", "–"]);
});

test("messages a second are those between two answers, and none after a node has begun anew", () => {
  const nodes = (messages: number) => [{ name: "n1", actors: [{ name: "a", mailbox: 0, messages, processing_seconds: 0 }] }] as unknown as ClusterNode[];
  assert.equal(rateOf(sampleOf(nodes(100), 1_000), sampleOf(nodes(160), 4_000), "n1", "a"), 20);
  assert.equal(rateOf(sampleOf(nodes(100), 1_000), sampleOf(nodes(3), 4_000), "n1", "a"), undefined);
  assert.equal(rateOf(undefined, sampleOf(nodes(3), 4_000), "n1", "a"), undefined);
});
