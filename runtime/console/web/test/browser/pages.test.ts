import assert from "node:assert/strict";
import { test } from "node:test";
import { open, screenshots, tenantWho } from "./harness";

const pages: { name: string; hash: string; shows: string }[] = [
  { name: "overview", hash: "", shows: "What is wrong" },
  { name: "tenants", hash: "#/tenants", shows: "Late by" },
  { name: "runs", hash: "#/runs", shows: "parts open" },
  { name: "dead-letters", hash: "#/dead-letters", shows: "is missing" },
  { name: "sinks", hash: "#/sinks", shows: "the target answered 503" },
  { name: "cluster", hash: "#/cluster", shows: "highest epoch" },
  { name: "audit", hash: "#/audit", shows: "new credentials" },
  { name: "actors", hash: "#/actors", shows: "tenant-supervisor" },
];

for (const theme of ["light", "dark"] as const)
  for (const each of pages)
    test(`${each.name} shows itself in ${theme}, and the browser has nothing to complain of`, async () => {
      const { page, problems } = await open({ hash: each.hash, theme });
      await page.getByText(each.shows).first().waitFor();
      if (each.name === "overview") await page.locator(".plot canvas").nth(6).waitFor();
      await page.screenshot({ path: `${screenshots}/${each.name}-${theme}.png` });
      assert.equal(await page.locator("html").getAttribute("data-theme"), theme);
      assert.deepEqual(problems, []);
      await page.close();
    });

for (const theme of ["light", "dark"] as const)
  test(`one tenant shows itself in ${theme} with all its parts`, async () => {
    const { page, world, problems } = await open({ theme });
    const { name } = tenantWho(world, "suspended", "shop");
    await page.goto(page.url() + `#/tenants/${name}`);
    for (const part of ["Streams", "Last errors", "Runs", "Configuration", "Supervision"]) await page.getByRole("heading", { name: part, exact: true }).waitFor();
    await page.getByText("The API refuses its credentials").waitFor();
    await page.locator("summary").first().click();
    await page.getByText("X-Api-Key: ***").first().waitFor();
    await page.getByRole("button", { name: "1 owed" }).click();
    await page.getByText("Of orders something is owed").waitFor();
    await page.screenshot({ path: `${screenshots}/tenant-${theme}.png`, fullPage: true });
    assert.deepEqual(problems, []);
    await page.close();
  });

test("the live capture of a tenant shows its gaps", async () => {
  const { page, world } = await open();
  await page.goto(page.url() + `#/tenants/${tenantWho(world, "not_heard").name}`);
  await page.getByRole("heading", { name: "Live capture" }).waitFor();
  await page.getByText("it lasts").waitFor();
  await page.close();
});

test("from the overview each of three sick tenants is reached in at most three clicks", async () => {
  for (const title of ["Credentials refused by shop", "Budget of graph is used up", "The API of mail hangs"]) {
    const { page } = await open();
    await page.getByText("What is wrong").waitFor();
    const more = page.getByRole("button", { name: /more$/ });
    if (!(await page.getByText(title).isVisible())) await more.click();
    await page.getByText(title).click();
    if (!/tenants\/./.test(page.url())) await page.locator("[data-row]").first().click();
    await page.getByRole("heading", { name: "Streams" }).waitFor();
    await page.close();
  }
});

test("nothing is wider than a phone", async () => {
  for (const hash of ["", "#/tenants", "#/runs", "#/dead-letters", "#/sinks", "#/cluster", "#/actors", "#/audit"]) {
    const { page } = await open({ width: 390, height: 844, hash });
    await page.locator("main h1").waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, hash);
    await page.screenshot({ path: `${screenshots}/phone-${hash.slice(2) || "overview"}.png` });
    await page.close();
  }
});

test("a page that is not there says so", async () => {
  const { page } = await open({ hash: "#/nonsense" });
  await page.getByRole("heading", { name: "There is no such page", level: 1 }).waitFor();
  await page.close();
});
