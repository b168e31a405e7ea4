import assert from "node:assert/strict";
import { test } from "node:test";
import { open, screenshots, tenantWho, until, type Seen } from "./harness";

const dialog = (seen: Seen) => seen.page.locator("dialog[open]");

/** Presses `button`, fills the dialog and confirms; returns what the node was asked to do. */
async function act(seen: Seen, button: string, fill: Record<string, string>, confirm: string) {
  const before = seen.world.done.length;
  await seen.page.getByRole("button", { name: button }).first().click();
  await dialog(seen).waitFor();
  for (const [name, value] of Object.entries(fill)) {
    const field = dialog(seen).locator(`[name="${name}"]`);
    if (await field.evaluate((element) => element.tagName) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
  assert.equal(seen.world.done.length, before, "nothing is done before it is confirmed");
  await dialog(seen).getByRole("button", { name: confirm }).click();
  await until(`${button} is done`, () => seen.world.done.length > before);
  await dialog(seen).waitFor({ state: "detached" });
  return seen.world.done[before]!;
}

async function openTenant(reason: string, source = "") {
  const seen = await open();
  const tenant = tenantWho(seen.world, reason, source);
  await seen.page.goto(seen.page.url() + `#/tenants/${tenant.name}`);
  return { ...seen, tenant };
}

test("a dead token is replaced from the overview, and the problem goes", async () => {
  const seen = await open();
  const tenant = tenantWho(seen.world, "suspended", "shop");
  const done = await act(seen, "New credentials", { api_key: "fresh-key" }, "Save and resume");
  assert.deepEqual([done.method, done.path, done.body], ["PUT", `/tenants/${tenant.name}/connections/main/secrets`, { api_key: "fresh-key" }]);
  await seen.page.getByText("Credentials refused by shop").waitFor({ state: "detached" });
  await seen.page.close();
});

test("a secret is not shown while it is typed, and is not kept by the page", async () => {
  const seen = await openTenant("suspended", "shop");
  await seen.page.getByRole("button", { name: "New credentials" }).click();
  await seen.page.screenshot({ path: `${screenshots}/dialog-light.png` });
  const field = dialog(seen).locator("input");
  await field.fill("fresh-key");
  assert.equal(await field.getAttribute("type"), "password");
  await dialog(seen).getByRole("button", { name: "Cancel" }).click();
  assert.equal(seen.world.done.length, 0);
  assert.ok(!(await seen.page.content()).includes("fresh-key"));
  assert.equal(await seen.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })).then((kept) => kept.includes("fresh-key")), false);
  await seen.page.close();
});

test("a run is triggered with its kind and a key", async () => {
  const seen = await openTenant("none", "crm");
  const done = await act(seen, "Start run", { kind: "full" }, "Start run");
  assert.deepEqual([done.method, done.path, done.body], ["POST", `/tenants/${seen.tenant.name}/connections/main/runs`, { kind: "full" }]);
  assert.match(done.key ?? "", /^[0-9a-f]{32}$/);
  await seen.page.close();
});

test("a span of the past is read again", async () => {
  const seen = await openTenant("none", "shop");
  await seen.page.getByRole("button", { name: "Start run" }).click();
  assert.equal(await dialog(seen).locator('[name="from"]').count(), 0, "only a backfill has a span");
  await dialog(seen).locator('[name="kind"]').selectOption("backfill");
  await dialog(seen).locator('[name="from"]').fill("2026-03-02T08:00");
  await dialog(seen).locator('[name="to"]').fill("2026-03-01T08:00");
  await dialog(seen).getByLabel("products").uncheck();
  await dialog(seen).getByRole("button", { name: "Start run" }).click();
  await dialog(seen).getByText("must lie after").waitFor();
  assert.equal(seen.world.done.length, 0);
  await dialog(seen).locator('[name="to"]').fill("2026-03-05T08:00");
  await seen.page.screenshot({ path: `${screenshots}/backfill-light.png` });
  await dialog(seen).getByRole("button", { name: "Start run" }).click();
  await until("it is asked for", () => seen.world.done.length === 1);
  assert.deepEqual(seen.world.done[0]!.body, {
    kind: "backfill", from: new Date("2026-03-02T08:00").toISOString(), to: new Date("2026-03-05T08:00").toISOString(), streams: ["orders", "customers"] });
  await seen.page.close();
});

test("streams are reset, all or some", async () => {
  const seen = await openTenant("none", "shop");
  const whole = await act(seen, "Reset…", {}, "Reset");
  assert.deepEqual([whole.method, whole.path, whole.body], ["POST", `/tenants/${seen.tenant.name}/connections/main/reset`, {}]);
  assert.match(whole.key ?? "", /^[0-9a-f]{32}$/);
  await seen.page.getByRole("button", { name: "Reset…" }).click();
  for (const stream of ["products", "customers"]) await dialog(seen).getByLabel(stream).uncheck();
  await dialog(seen).getByRole("button", { name: "Reset" }).click();
  await until("it is asked for", () => seen.world.done.length === 2);
  assert.deepEqual(seen.world.done[1]!.body, { streams: ["orders"] });
  await seen.page.close();
});

test("a connection is paused with a reason and resumed", async () => {
  const seen = await openTenant("none", "crm");
  const paused = await act(seen, "Pause…", { reason: "asked by the owner" }, "Pause");
  assert.deepEqual([paused.method, paused.body], ["PATCH", { state: "paused", reason: "asked by the owner" }]);
  const resumed = await act(seen, "Resume…", {}, "Resume");
  assert.deepEqual(resumed.body, { state: "active", reason: "" });
  await seen.page.close();
});

test("a tenant is paused and resumed", async () => {
  const seen = await openTenant("none", "crm");
  const paused = await act(seen, "Pause tenant", { reason: "unpaid" }, "Pause tenant");
  assert.deepEqual([paused.path, paused.body], [`/tenants/${seen.tenant.name}`, { state: "paused", reason: "unpaid" }]);
  const resumed = await act(seen, "Resume tenant", {}, "Resume tenant");
  assert.deepEqual(resumed.body, { state: "active", reason: "" });
  await seen.page.close();
});

test("deletes are confirmed", async () => {
  const seen = await open();
  const done = await act(seen, "Confirm deletes", {}, "Confirm deletes");
  assert.deepEqual([done.method, done.body], ["POST", { streams: ["contacts"] }]);
  assert.match(done.path, /confirm-deletes$/);
  await seen.page.close();
});

test("an open run is cancelled with a reason", async () => {
  const seen = await open({ hash: "#/runs" });
  await seen.page.locator(".list-row", { hasText: "open" }).first().click();
  const done = await act(seen, "Cancel run", { reason: "by mistake" }, "Cancel run");
  assert.match(done.path, /^\/runs\/\d+\/cancel$/);
  assert.deepEqual(done.body, { reason: "by mistake" });
  await seen.page.locator(".run-detail").getByText("cancelled", { exact: true }).waitFor();
  await seen.page.close();
});

test("a node is drained and undrained", async () => {
  const seen = await open({ hash: "#/cluster" });
  await seen.page.locator("tr", { hasText: "n2" }).first().waitFor();
  await seen.page.locator("tr", { hasText: "n2" }).first().getByRole("button", { name: "Drain" }).click();
  await dialog(seen).getByRole("button", { name: "Drain" }).click();
  await seen.page.getByText("n2 is drained").first().waitFor();
  assert.equal(seen.world.done[0]!.path, "/nodes/n2/drain");
  const done = await act(seen, "Undrain", {}, "Undrain");
  assert.equal(done.path, "/nodes/n2/undrain");
  await seen.page.close();
});

test("the log level of the node is changed and shown", async () => {
  const seen = await open({ hash: "#/cluster" });
  const done = await act(seen, "Change…", { level: "debug" }, "Set level");
  assert.deepEqual([done.method, done.path, done.body], ["PUT", "/log-level", { level: "debug" }]);
  await seen.page.locator(".log-level").getByText("debug").waitFor();
  await seen.page.close();
});

test("what was changed stands in the audit, with what was refused", async () => {
  const seen = await openTenant("none", "crm");
  await act(seen, "Pause tenant", { reason: "unpaid" }, "Pause tenant");
  await seen.page.getByRole("link", { name: "Audit", exact: true }).last().click();
  await seen.page.getByText("tenant paused or resumed").waitFor();
  assert.equal(await seen.page.locator(".list-row").count(), 1, "of this tenant only");
  await seen.page.locator("[data-search]").fill("");
  await seen.page.getByText("refused: 409").waitFor();
  await seen.page.close();
});

test("a dead letter is replayed", async () => {
  const seen = await open({ hash: "#/dead-letters" });
  await seen.page.locator(".list-row").first().click();
  const done = await act(seen, "Replay", {}, "Replay");
  assert.match(done.path, /^\/dead-letters\/\d+\/replay$/);
  await seen.page.close();
});

test("what the node refuses is told in the dialog, which stays", async () => {
  const seen = await openTenant("none", "crm");
  await seen.page.getByRole("button", { name: "Start run" }).click();
  await dialog(seen).waitFor();
  seen.world.isStoreDown = true;
  await dialog(seen).getByRole("button", { name: "Start run" }).click();
  await dialog(seen).getByText("the database does not answer").waitFor();
  await seen.page.keyboard.press("Escape");
  await dialog(seen).waitFor({ state: "detached" });
  await seen.page.close();
});

test("a sink is paused, resumed and removed, each after it was confirmed", async () => {
  const seen = await open({ hash: "#/sinks" });
  const row = (name: string) => seen.page.getByRole("row").filter({ has: seen.page.getByText(name, { exact: true }) });
  const paused = await act(seen, "Pause…", {}, "Pause");
  assert.deepEqual([paused.method, paused.path, paused.body], ["PATCH", "/sinks/billing", { state: "paused" }]);
  await row("billing").getByText("paused").waitFor();
  const resumed = await act(seen, "Resume…", {}, "Resume");
  assert.deepEqual([resumed.path, resumed.body], ["/sinks/billing", { state: "active" }]);
  const removed = await act(seen, "Remove…", {}, "Remove");
  assert.deepEqual([removed.method, removed.path], ["DELETE", "/sinks/billing"]);
  await row("billing").waitFor({ state: "detached" });
  assert.deepEqual(seen.problems, []);
  await seen.page.close();
});
