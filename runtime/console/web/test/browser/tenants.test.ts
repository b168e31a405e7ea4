import assert from "node:assert/strict";
import { test } from "node:test";
import { open, until } from "./harness";

/** The whole way takes half a minute: with the long tests only. */
const depth = process.env["LODE_LONG"] ? 100_000 : 10_000;

test("100,000 tenants are scrolled, and never more than a screen of them is in the page", { timeout: 240_000 }, async () => {
  const { page, problems } = await open({ tenants: 100_000, hash: "#/tenants" });
  await page.locator(".list-row").first().waitFor();
  const began = Date.now();
  const most = await page.evaluate(async (depth) => {
    const read = () => Number(document.querySelector(".list > footer")!.textContent!.split(" of")[0]!.replaceAll(",", ""));
    const box = document.querySelector(".virtual")!;
    let most = 0;
    while (read() < depth) {
      box.scrollTop = box.scrollHeight;
      await new Promise((drawn) => requestAnimationFrame(drawn));
      most = Math.max(most, document.querySelectorAll(".list-row").length);
    }
    return most;
  }, depth);
  console.log(`scrolled through in ${((Date.now() - began) / 1000).toFixed(1)} s, at most ${most} rows at once`);
  assert.match((await page.locator(".list > footer").textContent())!, / of 100,000 read/);
  assert.ok(most < 80, `${most} rows were in the page`);
  assert.deepEqual(problems, []);
  await page.close();
});

test("a name is searched, and the address shows the same again", async () => {
  const { page, world } = await open({ hash: "#/tenants" });
  const name = world.tenants[777]!.name;
  await page.locator("[data-search]").fill(name);
  await page.getByText("1 of 1 read").waitFor();
  assert.equal(await page.locator(".list-row").count(), 1);
  await page.reload();
  await page.getByText("1 of 1 read").waitFor();
  await page.close();
});

test("reason, state, lateness and order are asked of the node", async () => {
  const { page } = await open({ hash: "#/tenants" });
  await page.locator('[name="reason"]').selectOption("suspended");
  await page.getByText("5 of 5 read").waitFor();
  await page.locator('[name="late"]').selectOption("3600");
  await page.getByText("1 of 1 read").waitFor();
  await page.locator('[name="late"]').selectOption("");
  await page.locator('[name="reason"]').selectOption("");
  await page.locator('[name="state"]').selectOption("paused");
  await until("only paused ones are on show", async () => (await page.locator(".list-row .badge").allTextContents()).every((text) => text === "paused"));
  await page.locator('[name="state"]').selectOption("");
  await page.locator('[name="sort"]').selectOption("name");
  await until("the list is in order of names", async () => {
    const names = await page.locator(".list-row strong").allTextContents();
    return names.length > 10 && names[0]!.startsWith("acme-") && names.every((name, i) => i === 0 || names[i - 1]! <= name);
  });
  await page.close();
});

test("no tenant is like that: the list says so", async () => {
  const { page } = await open({ hash: "#/tenants?search=nobody" });
  await page.getByText("No tenant is like that").waitFor();
  await page.close();
});
