import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./harness";

test("g and a letter lead to each page", async () => {
  const { page } = await open();
  for (const [key, title] of [["t", "Tenants"], ["r", "Runs"], ["d", "Dead letters"], ["s", "Sinks"], ["c", "Cluster"], ["a", "Actors"], ["u", "Audit"], ["o", "Overview"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
  }
  await page.close();
});

test("rows are walked with j and k, opened with Enter, left with Escape", async () => {
  const { page } = await open({ hash: "#/tenants" });
  await page.locator(".list-row").first().waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.querySelector("strong")?.textContent ?? "");
  const names = await page.locator(".list-row strong").allTextContents();
  for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
  assert.equal(await focused(), names[1]);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: names[1]!, level: 1 }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
  await page.close();
});

test("a long list is walked past what was drawn at first", async () => {
  const { page } = await open({ hash: "#/tenants" });
  await page.locator(".list-row").first().waitFor();
  for (let i = 0; i < 90; i++) await page.keyboard.press("j");
  await page.waitForFunction(() => document.querySelector(".virtual")!.scrollTop > 2_000);
  await page.close();
});

test("/ searches tenants from any page", async () => {
  const { page } = await open({ hash: "#/cluster" });
  await page.getByRole("heading", { name: "Cluster", level: 1 }).waitFor();
  await page.keyboard.press("/");
  await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
  await page.waitForFunction(() => document.activeElement?.hasAttribute("data-search"));
  await page.close();
});

test("? lists the keys, t switches the colours and that is remembered", async () => {
  const { page } = await open();
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Keys" }).waitFor({ state: "detached" });
  await page.keyboard.press("t");
  await page.waitForFunction(() => document.documentElement.dataset["theme"] === "dark");
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset["theme"] === "dark");
  await page.close();
});
