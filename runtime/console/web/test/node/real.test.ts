import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { closeBrowser, newPage, screenshots, type Look } from "../browser/watched_page";
import { Cluster, type Line } from "./cluster";
import { until } from "./process";

// One cluster for all tests, in order: each leaves it as the next one needs it.
const cluster = new Cluster();
const names: Record<"graph" | "crm" | "shop", string[]> = { graph: [], crm: [], shop: [] };
let lines: Line[] = [];

before(async () => {
  await cluster.start(["n1", "n2"], 9);
  await cluster.importTenants("5s");
  lines = await cluster.lines();
  for (const { dialect, tenant } of lines) names[dialect as "graph"].push(tenant);
  await cluster.mined();
}, { timeout: 120_000 });

after(async () => {
  await closeBrowser();
  await cluster.end();
});

async function open(hash = "", look: Look = {}, node = "n1") {
  const seen = await newPage(cluster.url(node), look);
  await seen.page.goto(`${cluster.url(node)}/${hash}`);
  return seen;
}

const dialog = (page: Page) => page.locator("dialog[open]");

/** Presses `button`, fills the dialog, confirms, and waits until the node has done it. */
async function act(page: Page, button: string, fill: Record<string, string>, confirm: string) {
  await page.getByRole("button", { name: button, exact: true }).first().click();
  for (const [name, value] of Object.entries(fill)) {
    const field = dialog(page).locator(`[name="${name}"]`);
    if (await field.evaluate((element) => element.tagName) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
  await dialog(page).getByRole("button", { name: confirm, exact: true }).click();
  const refusal = dialog(page).getByRole("alert");
  await until(`${button}: the dialog closes`, async () => {
    if (await refusal.count()) throw new Error(`${button}: ${await refusal.first().textContent()}`);
    return await dialog(page).count() === 0;
  });
}

const connection = async (tenant: string) => await cluster.ask("GET", `/tenants/${tenant}/connections/main`) as { state: string; reason: string };
const runs = async (tenant: string) => (await cluster.ask("GET", `/tenants/${tenant}/connections/main/runs?limit=50`) as { runs: { run: number; kind: string; phase: string }[] }).runs;

const pages: [string, string, string][] = [
  ["overview", "", "What is wrong"], ["tenants", "#/tenants", "shop-002"], ["runs", "#/runs", "shop-002"], ["dead-letters", "#/dead-letters", "There are no dead letters"],
  ["cluster", "#/cluster", "highest epoch"], ["actors", "#/actors", "tenant-supervisor"], ["audit", "#/audit", "source set up"],
];
for (const theme of ["light", "dark"] as const)
  for (const [name, hash, shows] of pages)
    test(`${name} of a real node in ${theme}`, async () => {
      const { page, problems } = await open(hash, { theme });
      await page.getByText(shows).first().waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await page.screenshot({ path: `${screenshots}/real-${name}-${theme}.png` });
      assert.equal(await page.locator("html").getAttribute("data-theme"), theme);
      assert.deepEqual(problems, []);
      await page.close();
    });

test("each kind of tenant shows all its parts", async () => {
  for (const tenant of [names.graph[0], names.crm[0], names.shop[0]]) {
    const { page, problems } = await open(`#/tenants/${tenant}`);
    for (const part of ["Streams", "Last errors", "Runs", "Configuration", "Supervision"]) await page.getByRole("heading", { name: part, exact: true }).waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    await page.locator("tbody tr").first().waitFor();
    await page.screenshot({ path: `${screenshots}/real-tenant-${tenant}.png`, fullPage: true });
    assert.equal(await page.locator(".state.error, .stale-note").count(), 0);
    assert.deepEqual(problems, []);
    await page.close();
  }
});

test("what changes shows without a reload, told by the node", async () => {
  const { page } = await open(`#/tenants/${names.graph[1]}`);
  await page.locator(".live.open").waitFor();
  await page.locator(".why-none").waitFor();
  await cluster.ask("PATCH", `/tenants/${names.graph[1]}/connections/main`, { state: "paused", reason: "asked by the owner" });
  await page.locator(".why-paused").waitFor();
  await act(page, "Resume…", {}, "Resume");
  await page.locator(".why-none").waitFor();
  await page.close();
});

test("a dead token, a budget that is used up and an API that hangs are found in at most three clicks each; the first is repaired", async () => {
  const [throttled, hanging, refused] = [names.graph[2]!, names.crm[2]!, names.shop[2]!];
  const rotated = await cluster.tell("/credentials", { tenant: refused, rotate: true }) as unknown as Line;
  await cluster.tell("/faults", { tenant: hanging, kind: "hang" });
  await cluster.tell("/faults", { tenant: throttled, kind: "rate_limited", code: 4 });
  const { page } = await open();
  for (const [tenant, reason] of [[throttled, "quota"], [hanging, "api_slow"], [refused, "suspended"]] as const) {
    await page.goto(`${cluster.url()}/#/`);
    const row = page.locator(".problem", { hasText: tenant });
    await row.locator(".what").click();
    if (!/tenants\/./.test(page.url())) await page.locator(".list-row", { hasText: tenant }).click();
    await page.locator(`.why-${reason}`).waitFor();
    await page.screenshot({ path: `${screenshots}/real-${reason}.png`, fullPage: true });
  }
  await page.locator(".errors summary").first().click();
  await page.locator(".errors pre").first().waitFor();
  const told = (await page.locator(".errors pre").allTextContents()).join("\n");
  for (const line of lines) for (const secret of [line.api_key, line.access_token, line.client_secret]) assert.ok(!secret || !told.includes(secret), "a secret is on show");
  await act(page, "New credentials…", { api_key: rotated.api_key }, "Save and resume");
  await page.locator(".why-none").waitFor();
  assert.equal((await connection(refused)).state, "active");
  await page.close();
});

test("an open run is cancelled", async () => {
  const hanging = names.crm[2]!;
  await until("its run is open", async () => (await runs(hanging)).some((run) => run.phase === "open"));
  const { page } = await open(`#/runs?phase=open&search=${hanging}`);
  await page.locator(".list-row").first().click();
  await act(page, "Cancel run…", { reason: "by mistake" }, "Cancel run");
  await page.locator(".run-detail").getByText("cancelled", { exact: true }).waitFor();
  await cluster.tell("/faults/clear", {});
  await page.close();
});

test("a run is started, a span is read again, streams are reset", async () => {
  const tenant = names.shop[0]!;
  const { page } = await open(`#/tenants/${tenant}`);
  await act(page, "Start run…", { kind: "full" }, "Start run");
  await until("the full run ends", async () => (await runs(tenant)).some((run) => run.kind === "full" && run.phase === "finished"));
  await act(page, "Start run…", { kind: "backfill", from: "2024-01-02T00:00", to: "2024-02-01T00:00" }, "Start run");
  await until("the backfill ends", async () => (await runs(tenant)).some((run) => run.kind === "backfill" && run.phase !== "open"));
  await act(page, "Reset…", {}, "Reset");
  await page.getByText("will be read from the start").waitFor();
  await page.close();
});

test("a tenant is paused and resumed", async () => {
  const tenant = names.crm[0]!;
  const { page } = await open(`#/tenants/${tenant}`);
  await act(page, "Pause tenant…", { reason: "unpaid" }, "Pause tenant");
  await page.getByText("tenant paused").waitFor();
  await act(page, "Resume tenant…", {}, "Resume tenant");
  await page.getByText("tenant active").waitFor();
  await page.close();
});

test("a record that cannot be used is seen; read again, it says what is wrong with it and stays", async () => {
  const tenant = names.shop[1]!;
  const at = await cluster.tell("/clock", { advance_ms: 0 }) as { now: number };
  await cluster.tell("/mutate", { ops: [{ op: "insert", tenant, stream: "orders", raw: JSON.stringify({ id: null, updated_at: new Date(at.now).toISOString().slice(0, 19) + "+00:00" }) }] });
  const { page } = await open("#/dead-letters");
  await page.locator(".list-row", { hasText: tenant }).first().click();
  await page.getByRole("button", { name: "Replay…", exact: true }).first().click();
  await dialog(page).getByRole("button", { name: "Replay", exact: true }).click();
  await dialog(page).getByRole("alert").getByText("key field").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".list-row", { hasText: tenant }).first().waitFor();
  await page.close();
});

test("the log level is changed, and what was done stands in the audit", async () => {
  const { page } = await open("#/cluster");
  await act(page, "Change…", { level: "debug" }, "Set level");
  await page.locator(".log-level").getByText("debug").waitFor();
  await page.goto(`${cluster.url()}/#/audit`);
  for (const done of ["log level changed", "reset", "run cancelled", "new credentials", "tenant paused or resumed"]) await page.locator(".list-row", { hasText: done }).first().waitFor();
  await page.screenshot({ path: `${screenshots}/real-audit.png` });
  await page.close();
});

test("a node is drained and takes work again", async () => {
  const { page } = await open("#/cluster");
  const line = page.locator("tr", { hasText: "n2" }).first();
  await line.getByRole("button", { name: "Drain…" }).click();
  await dialog(page).getByRole("button", { name: "Drain" }).click();
  await line.getByText("draining").waitFor();
  await page.locator(".legend").getByText(/^n2 0$/).or(page.locator(".shards[aria-label*='n2 owns 0']")).first().waitFor();
  await act(page, "Undrain…", {}, "Undrain");
  await page.locator(".shards:not([aria-label*='n2 owns 0'])").waitFor();
  await page.close();
});

test("a node dies while one looks: it is told, its shards are seen to go to the other, and back", { timeout: 120_000 }, async () => {
  const { page } = await open("#/cluster");
  await page.locator("tr", { hasText: "n2" }).first().getByText("member").waitFor();
  await cluster.kill("n2");
  await page.locator("tr", { hasText: "n2" }).first().getByText("no answer").waitFor();
  await page.locator(".shards[aria-label*='n1 owns 4096']").waitFor();
  await page.getByText("n2 was declared gone").first().waitFor();
  await page.screenshot({ path: `${screenshots}/real-node-gone.png`, fullPage: true });
  await cluster.startNode("n2");
  await page.locator("tr", { hasText: "n2" }).first().getByText("member").waitFor();
  await page.locator(".shards:not([aria-label*='n1 owns 4096'])").waitFor();
  await page.close();
});

test("the database goes away and comes back: the page says so, and goes on by itself", { timeout: 120_000 }, async () => {
  const { page } = await open();
  await page.getByText("What is wrong").waitFor();
  cluster.servers("stop");
  await page.getByText(/database|store/i).first().waitFor();
  cluster.servers("start", "postgres");
  await page.getByText("up to date").waitFor();
  await page.close();
});

test("a node that wants a token lets in who has it, and tells him live", async () => {
  const file = `${cluster.folder}/token`;
  const { token } = JSON.parse(cluster.cli("token", "new", "--json", file)) as { token: string };
  await cluster.startNode("n3", [`token_file: ${file}`]);
  const { page } = await open("", {}, "n3");
  await page.getByLabel("Token").fill("wrong-wrong-wrong-wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await until("it is asked for again", async () => (await page.getByLabel("Token").inputValue().catch(() => "-")) === "");
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("What is wrong").waitFor();
  await page.locator(".live.open").waitFor();
  await page.close();
});

test("when the node of the page dies, what is shown stays, with what to do", async () => {
  const { page } = await open();
  await page.getByText("What is wrong").waitFor();
  await cluster.kill("n1");
  await page.getByText("The node does not answer.").first().waitFor();
  assert.ok(await page.getByText("What is wrong").isVisible());
  await cluster.startNode("n1");
  await page.getByText("The node does not answer.").first().waitFor({ state: "detached" });
  await page.close();
});
